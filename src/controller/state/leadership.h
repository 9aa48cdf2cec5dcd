// Who could lead a partition now.
#pragma once

#include "base/ids.h"
#include "metadata/broker.h"
#include "metadata/image.h"
#include "metadata/topic.h"

namespace cauce::controller::state {

// Null when the partition has no replica there, or directories are not known.
const Uuid* directory_of(const metadata::Partition& partition, NodeId broker);

bool directory_is_online(const metadata::Broker& broker, const Uuid& directory);

// Active, and its replica on a directory that works. Whether it has all records is another
// question.
bool can_lead(const metadata::Image& image, const metadata::Partition& partition, NodeId broker);

}  // namespace cauce::controller::state
