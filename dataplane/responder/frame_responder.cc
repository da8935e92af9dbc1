#include "dataplane/responder/frame_responder.h"

#include <algorithm>
#include <cstring>

#include "dataplane/responder/burst_room.h"
#include "dataplane/wire/frame.h"
#include "dataplane/wire/neighbour.h"

namespace understudy::responder {
namespace {

using contract::Outcome;
using wire::Layer3;

void Drop(Frame& frame, Outcome outcome) {
  frame.action = Action::kDrop;
  frame.outcome = outcome;
}

void Send(Frame& frame, uint32_t length, Outcome outcome) {
  frame.action = Action::kSend;
  frame.length = length;
  frame.outcome = outcome;
}

bool IsGroupMac(const uint8_t* mac) { return (mac[0] & 1) != 0; }  // IEEE 802: multicast, broadcast

// Why a packet to a service address is no query we answer; kPositive when it is one.
Outcome Objection(const Frame& frame, const wire::FrameView& view, uint16_t port) {
  if (!view.well_formed) return Outcome::kMalformed;
  if (view.fragment) return Outcome::kFragment;
  if (!view.plain || view.protocol != wire::kProtocolUdp) return Outcome::kNotOurs;
  const wire::UdpHeader* udp = wire::ReadUdp(frame.data, view);
  if (udp == nullptr) return Outcome::kMalformed;
  if (udp->destination.host() != port) return Outcome::kNotOurs;
  // A group address as destination MAC: not sent to this host alone (RFC 1122 3.3.6).
  if (IsGroupMac(frame.data)) return Outcome::kNotOurs;
  if (udp->source.host() == 0 || !wire::IsAnswerable(view) || IsGroupMac(frame.data + 6)) {
    return Outcome::kBadSource;
  }
  return Outcome::kPositive;
}

void SetQuery(const Frame& frame, const wire::FrameView& view, Exchange& exchange) {
  const wire::UdpHeader* udp = wire::ReadUdp(frame.data, view);
  const uint32_t offset = view.layer4_offset + uint32_t{sizeof(wire::UdpHeader)};
  exchange.message = frame.data + offset;
  exchange.query_length = static_cast<uint16_t>(udp->length.host() - sizeof(wire::UdpHeader));
  exchange.client = view.source;
  exchange.client_length = view.layer3 == Layer3::kIpv4 ? 4 : 16;
  exchange.capacity = static_cast<uint16_t>(
      std::min<uint32_t>(std::max(frame.capacity, frame.length) - offset, kMaxUdpMessage));
}

}  // namespace

FrameResponder::FrameResponder(const FrameOptions& options)
    : options_(options), responder_(options.responder), fast_path_(options) {}

bool FrameResponder::IsService4(const uint8_t* address) const noexcept {
  return std::ranges::any_of(options_.services4, [address](const Ipv4& service) {
    return std::memcmp(service.data(), address, service.size()) == 0;
  });
}

bool FrameResponder::IsService6(const uint8_t* address) const noexcept {
  return std::ranges::any_of(options_.services6, [address](const Ipv6& service) {
    return std::memcmp(service.data(), address, service.size()) == 0;
  });
}

bool FrameResponder::IsService(const wire::FrameView& view) const noexcept {
  if (view.layer3 == Layer3::kIpv4) return IsService4(view.destination);
  return view.layer3 == Layer3::kIpv6 && IsService6(view.destination);
}

// ARP, neighbour discovery and echo for our addresses, where no kernel does it. False: none of
// them.
bool FrameResponder::AnswerNeighbour(Frame& frame, const wire::FrameView& view) const noexcept {
  if (!options_.answer_neighbours) return false;
  if (view.layer3 == Layer3::kArp) {
    const uint8_t* target = wire::ArpTarget(frame.data, frame.length, view);
    if (target == nullptr || !IsService4(target)) return false;
    Send(frame, wire::AnswerArp(frame.data, view, options_.mac.data()), Outcome::kArpReply);
    return true;
  }
  if (const uint8_t* target = wire::SolicitedTarget(frame.data, view)) {
    if (!IsService6(target)) return false;
    const uint32_t length =
        wire::AnswerSolicitation(frame.data, frame.capacity, view, options_.mac.data());
    if (length == 0) return false;
    Send(frame, length, Outcome::kNeighborAdvert);
    return true;
  }
  if (!IsService(view) || !view.well_formed || view.fragment || IsGroupMac(frame.data) ||
      !wire::IsEchoRequest(frame.data, view) || !wire::IsAnswerable(view)) {
    return false;
  }
  Send(frame, wire::AnswerEcho(frame.data, view), Outcome::kEchoReply);
  return true;
}

void FrameResponder::PassOn(Frame& frame) const noexcept {
  frame.action = options_.kernel_side ? Action::kToKernel : Action::kDrop;
  frame.outcome = options_.kernel_side ? Outcome::kToKernel : Outcome::kNotOurs;
}

// True when the frame carries a query for us; else it is dealt with.
bool FrameResponder::IsQuery(Frame& frame, const wire::FrameView& view) const noexcept {
  frame.answered_by = contract::AnsweredBy::kStatic;
  if (IsService(view)) {
    const Outcome objection = Objection(frame, view, options_.port);
    if (objection == Outcome::kPositive) return true;
    if (objection != Outcome::kNotOurs) {
      Drop(frame, objection);
      return false;
    }
  }
  if (!AnswerNeighbour(frame, view)) PassOn(frame);
  return false;
}

void FrameResponder::Respond(const contract::Cut& cut, std::span<Frame> burst) const noexcept {
  uint8_t left[kMaxBurst];
  const size_t count =
      fast_path_.Respond(cut, burst.first(std::min(burst.size(), kMaxBurst)), left);
  if (count != 0) RespondAtLength(cut, burst, std::span(left, count));
}

[[gnu::noinline]] void FrameResponder::RespondAtLength(
    const contract::Cut& cut, std::span<Frame> burst,
    std::span<const uint8_t> which) const noexcept {
  BurstRoom<wire::FrameView, kMaxBurst> views;
  BurstRoom<Exchange, kMaxBurst> exchanges;
  uint8_t asked[kMaxBurst];  // which frame an exchange belongs to
  size_t count = 0;
  for (const uint8_t i : which) {
    const wire::FrameView view = wire::ReadFrame(burst[i].data, burst[i].length);
    if (!IsQuery(burst[i], view)) continue;
    views.Make(count) = view;
    SetQuery(burst[i], view, exchanges.Make(count));
    asked[count++] = i;
  }
  const std::span<Exchange> answered = exchanges.first(count);
  responder_.Respond(cut, answered);
  for (size_t i = 0; i < count; ++i) {
    Frame& frame = burst[asked[i]];
    const Exchange& exchange = answered[i];
    frame.answered_by = exchange.answered_by;
    if (exchange.answer_length == 0) {
      Drop(frame, exchange.outcome);
      continue;
    }
    const uint32_t length =
        wire::TurnAround(frame.data, views.first(count)[i], exchange.answer_length, exchange.sum);
    Send(frame, length, exchange.outcome);
  }
}

}  // namespace understudy::responder
