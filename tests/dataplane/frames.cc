#include "tests/dataplane/frames.h"

#include <arpa/inet.h>

#include <stdexcept>

#include "tests/dataplane/table_builder.h"

namespace understudy::test {
namespace {

// Written apart from wire/checksum.h, so that one mistake does not agree with itself.
unsigned Checksum(std::string_view bytes) {
  unsigned long sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    sum += (bytes[i] & 0xffu) << 8;
    if (i + 1 < bytes.size()) sum += bytes[i + 1] & 0xffu;
  }
  while (sum > 0xffff) sum = sum % 0x10000 + sum / 0x10000;
  return static_cast<unsigned>(~sum & 0xffff);
}

std::string Pseudo(const std::string& source, const std::string& destination, unsigned protocol,
                   size_t length) {
  return source + destination + U32(static_cast<uint32_t>(length)) + U32(protocol);
}

std::string Ipv4(const FrameText& text, const std::string& payload) {
  const size_t header = 20 + text.ipv4_options.size();
  const int total = static_cast<int>(header + payload.size()) + text.length_error;
  std::string ip = std::string(1, static_cast<char>(0x40 | header / 4)) + '\0' +
                   U16(static_cast<unsigned>(total)) + U16(7) + U16(text.fragment) + '\x40' +
                   static_cast<char>(text.next_header) + U16(0) + Address(text.source) +
                   Address(text.destination) + text.ipv4_options;
  ip.replace(10, 2, U16(Checksum(ip)));
  return ip + payload;
}

std::string Ipv6(const FrameText& text, const std::string& payload, unsigned hop_limit = 64) {
  return U32(0x60000000) +
         U16(static_cast<unsigned>(static_cast<int>(payload.size()) + text.length_error)) +
         static_cast<char>(text.next_header) + static_cast<char>(hop_limit) + Address(text.source) +
         Address(text.destination) + payload;
}

bool IsIpv6(const std::string& address) { return address.find(':') != std::string::npos; }

std::string TextOf(std::string_view address) {
  char buffer[64];
  const int family = address.size() == 4 ? AF_INET : AF_INET6;
  return inet_ntop(family, address.data(), buffer, sizeof(buffer));
}

unsigned Get(std::string_view bytes, size_t at) {
  return (bytes.at(at) & 0xffu) << 8 | (bytes.at(at + 1) & 0xffu);
}

}  // namespace

std::string Address(const std::string& text) {
  std::string bytes(IsIpv6(text) ? 16 : 4, '\0');
  if (inet_pton(IsIpv6(text) ? AF_INET6 : AF_INET, text.c_str(), bytes.data()) != 1) {
    throw std::invalid_argument(text);
  }
  return bytes;
}

std::string Ethernet(const FrameText& text, unsigned type) {
  std::string frame = text.destination_mac + text.source_mac;
  for (const unsigned vlan : text.vlans) frame += U16(0x8100) + U16(vlan);
  return frame + U16(type);
}

std::string Frame(const FrameText& text) {
  const int length = static_cast<int>(8 + text.payload.size()) + text.udp_length_error;
  std::string udp = U16(text.source_port) + U16(text.destination_port) +
                    U16(static_cast<unsigned>(length)) + U16(0) + text.payload;
  const unsigned sum = Checksum(
      Pseudo(Address(text.source), Address(text.destination), text.next_header, udp.size()) + udp);
  udp.replace(6, 2, U16(sum));
  const bool ipv6 = IsIpv6(text.source);
  return Ethernet(text, ipv6 ? 0x86dd : 0x0800) + (ipv6 ? Ipv6(text, udp) : Ipv4(text, udp)) +
         text.padding;
}

std::string ArpRequest(const std::string& target) {
  FrameText text;
  text.destination_mac = std::string(6, '\xff');
  return Ethernet(text, 0x0806) + U16(1) + U16(0x0800) + "\x06\x04" + U16(1) + text.source_mac +
         Address("192.0.2.99") + std::string(6, '\0') + Address(target) + std::string(18, '\0');
}

std::string NeighbourSolicitation(const std::string& target, unsigned hop_limit) {
  FrameText text;
  text.source = "2001:db8::99";
  text.destination = "ff02::1:ff00:53";
  text.next_header = 58;
  text.destination_mac = std::string("\x33\x33\xff\0\0\x53", 6);
  std::string icmp =
      std::string("\x87\0\0\0\0\0\0\0", 8) + Address(target) + "\x01\x01" + text.source_mac;
  icmp.replace(
      2, 2,
      U16(Checksum(Pseudo(Address(text.source), Address(text.destination), 58, icmp.size()) +
                   icmp)));
  return Ethernet(text, 0x86dd) + Ipv6(text, icmp, hop_limit);
}

std::string Echo(const std::string& source, const std::string& destination) {
  FrameText text;
  text.source = source;
  text.destination = destination;
  const bool ipv6 = IsIpv6(source);
  text.next_header = ipv6 ? 58 : 1;
  std::string icmp =
      std::string(1, ipv6 ? '\x80' : '\x08') + '\0' + U16(0) + U16(0x77) + U16(1) + "abcdefghi";
  const std::string pseudo =
      ipv6 ? Pseudo(Address(source), Address(destination), 58, icmp.size()) : "";
  icmp.replace(2, 2, U16(Checksum(pseudo + icmp)));
  return Ethernet(text, ipv6 ? 0x86dd : 0x0800) + (ipv6 ? Ipv6(text, icmp) : Ipv4(text, icmp));
}

std::string DatagramText(std::string_view frame, std::string* payload) try {
  size_t at = 12;
  std::string tags;
  for (; Get(frame, at) == 0x8100; at += 4) tags += " vlan " + std::to_string(Get(frame, at + 2));
  const bool ipv6 = Get(frame, at) == 0x86dd;
  const std::string_view ip = frame.substr(at + 2);
  const size_t header = ipv6 ? 40 : 20;
  const size_t total = ipv6 ? 40 + Get(ip, 4) : Get(ip, 2);
  if (total != ip.size()) return "BAD: IP length " + std::to_string(total);
  if (!ipv6 && Checksum(ip.substr(0, 20)) != 0) return "BAD: IPv4 checksum";
  const std::string source(ip.substr(ipv6 ? 8 : 12, ipv6 ? 16 : 4));
  const std::string destination(ip.substr(ipv6 ? 24 : 16, ipv6 ? 16 : 4));
  const std::string udp(ip.substr(header));
  if (Get(udp, 4) != udp.size()) return "BAD: UDP length";
  if (Get(udp, 6) == 0) return "BAD: no UDP checksum";
  if (Checksum(Pseudo(source, destination, 17, udp.size()) + udp) != 0) return "BAD: UDP checksum";
  *payload = udp.substr(8);
  return TextOf(source) + ":" + std::to_string(Get(udp, 0)) + " > " + TextOf(destination) + ":" +
         std::to_string(Get(udp, 2)) + tags;
} catch (const std::out_of_range&) {
  return "BAD: ends too early";
}

}  // namespace understudy::test
