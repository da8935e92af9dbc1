// The XDP program of the shared NIC: takes DNS over UDP to the service addresses, leaves the rest.
//
// Loaded and attached by DPDK's net_af_xdp (xdp_prog=), which also fills xsks_map; its name and its
// maps are known to xdp_program.cc, which fills the service addresses.
//
// Taken: UDP to a service address, port 53, untagged or behind one or two VLAN tags, over IPv4
// without options and unfragmented, or over IPv6 without extension headers. Everything else, and
// everything that arrives on a queue without a socket, goes on to the kernel as if we were not
// here.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define DNS_PORT 53
#define MAX_SERVICES 16  // kMaxServices of each family (frame_responder.h)
#define MAX_QUEUES 256
#define DONT_FRAGMENT 0x4000  // the one bit of frag_off that may be set (RFC 791 3.1)

struct {
  __uint(type, BPF_MAP_TYPE_XSKMAP);
  __uint(max_entries, MAX_QUEUES);
  __type(key, __u32);
  __type(value, __u32);
} xsks_map SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, MAX_SERVICES);
  __type(key, __be32);
  __type(value, __u8);
} service4 SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, MAX_SERVICES);
  __type(key, struct in6_addr);
  __type(value, __u8);
} service6 SEC(".maps");

struct vlan_tag {
  __be16 tci;
  __be16 type;
};

static __always_inline int is_vlan(__be16 type) {
  return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

static __always_inline int is_dns4(void* at, void* end) {
  struct iphdr* ip = at;
  struct udphdr* udp = (void*)(ip + 1);
  if ((void*)(udp + 1) > end) return 0;
  if (ip->version != 4 || ip->ihl != 5 || ip->protocol != IPPROTO_UDP) return 0;
  if (ip->frag_off & ~bpf_htons(DONT_FRAGMENT)) return 0;
  if (udp->dest != bpf_htons(DNS_PORT)) return 0;
  return bpf_map_lookup_elem(&service4, &ip->daddr) != 0;
}

static __always_inline int is_dns6(void* at, void* end) {
  struct ipv6hdr* ip = at;
  struct udphdr* udp = (void*)(ip + 1);
  if ((void*)(udp + 1) > end) return 0;
  if (ip->version != 6 || ip->nexthdr != IPPROTO_UDP) return 0;
  if (udp->dest != bpf_htons(DNS_PORT)) return 0;
  return bpf_map_lookup_elem(&service6, &ip->daddr) != 0;
}

SEC("xdp")
int understudy_xdp(struct xdp_md* ctx) {
  void* at = (void*)(long)ctx->data;
  void* end = (void*)(long)ctx->data_end;
  struct ethhdr* ethernet = at;
  if ((void*)(ethernet + 1) > end) return XDP_PASS;
  __be16 type = ethernet->h_proto;
  at = ethernet + 1;
#pragma unroll
  for (int tags = 0; tags < 2; ++tags) {
    if (!is_vlan(type)) break;
    struct vlan_tag* tag = at;
    if ((void*)(tag + 1) > end) return XDP_PASS;
    type = tag->type;
    at = tag + 1;
  }
  int ours = 0;
  if (type == bpf_htons(ETH_P_IP)) ours = is_dns4(at, end);
  if (type == bpf_htons(ETH_P_IPV6)) ours = is_dns6(at, end);
  // The flags say what to do on a queue without a socket of ours.
  return ours ? (int)bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS) : XDP_PASS;
}

// bpf_redirect_map asks for no licence; libbpf wants the section all the same.
char us_license[] SEC("license") = "Apache-2.0";
