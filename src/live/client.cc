#include "live/client.h"

namespace cauce::live {

void Client::speaks_for(std::string_view group_id) {
    if (unclear_group || group_id == group) return;
    unclear_group = !group.empty() || group_id.size() > kNameMax;
    group = unclear_group ? std::string_view() : group_id;
}

}  // namespace cauce::live
