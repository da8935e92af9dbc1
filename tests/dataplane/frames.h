// Frames from parts, for tests, fuzz seeds and benchmarks: one builder, wrong on demand.
#ifndef UNDERSTUDY_TESTS_DATAPLANE_FRAMES_H_
#define UNDERSTUDY_TESTS_DATAPLANE_FRAMES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::test {

// A UDP datagram in an Ethernet frame. Checksums are right.
struct FrameText {
  std::string source = "192.0.2.99";  // an address with ':' makes it IPv6
  std::string destination = "192.0.2.53";
  unsigned source_port = 40000;
  unsigned destination_port = 53;
  std::vector<unsigned> vlans;  // outermost first
  unsigned fragment = 0;        // IPv4 flags and offset
  std::string ipv4_options;     // multiple of 4 octets
  unsigned next_header = 17;    // protocol
  int length_error = 0;         // added to the IP length
  int udp_length_error = 0;     // added to the UDP length
  std::string padding;          // behind the IP packet, as short Ethernet frames have it
  std::string destination_mac = std::string("\x02\0\0\0\0\x53", 6);
  std::string source_mac = std::string("\x02\0\0\0\0\x99", 6);
  std::string payload;
};
std::string Frame(const FrameText& text);

std::string Ethernet(const FrameText& text, unsigned type);
std::string ArpRequest(const std::string& target);
std::string NeighbourSolicitation(const std::string& target, unsigned hop_limit = 255);
std::string Echo(const std::string& source, const std::string& destination);

// "192.0.2.53:53 > 192.0.2.99:40000 vlan 5": where a UDP frame goes, after checking every length
// and checksum in it; the payload in `payload`. "BAD: why" when anything is wrong.
std::string DatagramText(std::string_view frame, std::string* payload);

std::string Address(const std::string& text);  // 4 or 16 octets

}  // namespace understudy::test

#endif  // UNDERSTUDY_TESTS_DATAPLANE_FRAMES_H_
