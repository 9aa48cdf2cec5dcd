#include "server/request_memory.h"

#include "base/check.h"

namespace cauce::server {

RequestMemory::PressureTimer::PressureTimer(RequestMemory& owner)
    : Timer([](Timer* self) {
          RequestMemory& where = static_cast<PressureTimer*>(self)->memory;
          if (where.waiting_.empty()) return;
          where.arm_pressure_timer();
          if (where.on_pressure_) where.on_pressure_();
      }),
      memory(owner) {}

RequestMemory::RequestMemory(runtime::Shards& shards, std::size_t limit)
    : shards_(shards), limit_(limit), pressure_timer_(*this) {}

void RequestMemory::Refund::operator()(std::uint8_t* chunk) const {
    delete[] chunk;
    CHECK(memory->used_ >= bytes, memory->used_, bytes);
    memory->used_ -= bytes;
    if (!memory->waiting_.empty()) memory->wake();
}

RequestMemory::Chunk RequestMemory::allocate(std::size_t bytes) {
    if (bytes <= kFreeBytes) return std::make_shared_for_overwrite<std::uint8_t[]>(bytes);
    used_ += bytes;
    return Chunk(new std::uint8_t[bytes], Refund{this, bytes});
}

Task<void> RequestMemory::wait(std::size_t bytes, Asker asker) {
    if (grants(bytes, asker)) co_return;
    if (turn_ == nullptr && waiting_.empty()) {
        turn_ = asker;
        co_return;
    }
    // Out of the queue again when the connection is destroyed where it stands.
    struct InQueue {
        explicit InQueue(RequestMemory& where) : memory(where) {}
        InQueue(const InQueue&) = delete;
        ~InQueue() {
            std::erase_if(memory.waiting_, [this](const Waiter& w) { return w.event == &event; });
        }
        RequestMemory& memory;
        runtime::Event event;
    } in_queue(*this);
    waiting_.push_back({asker, bytes, &in_queue.event});
    if (!pressure_timer_.armed()) arm_pressure_timer();
    co_await in_queue.event.wait();
}

void RequestMemory::withdraw(Asker asker) {
    for (auto waiter = waiting_.begin(); waiter != waiting_.end(); ++waiter) {
        if (waiter->asker != asker) continue;
        waiter->event->set();
        waiting_.erase(waiter);
        break;
    }
    if (turn_ == asker) end_turn();
}

void RequestMemory::end_turn() {
    turn_ = nullptr;
    wake();
}

void RequestMemory::arm_pressure_timer() {
    shards_.timers().arm(pressure_timer_, shards_.clock().now() + kPressureInterval);
}

void RequestMemory::wake() {
    while (!waiting_.empty()) {
        const Waiter first = waiting_.front();
        if (!fits(first.bytes)) {
            if (turn_ != nullptr) return;
            turn_ = first.asker;
        }
        waiting_.pop_front();
        first.event->set();
    }
}

}  // namespace cauce::server
