// The XDP program of the load generator: takes DNS answers to its ports, leaves the rest to the
// kernel (ARP, neighbour discovery, everybody else's traffic).
//
// Loaded and attached by DPDK's net_af_xdp (xdp_prog=), which fills xsks_map. It bears the name of
// the dataplane's program, so that what a killed predecessor left is known and replaced.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define FIRST_PORT 61000  // kFirstPort, kPorts (generator.h)
#define PORTS 64
#define MAX_QUEUES 256

struct {
  __uint(type, BPF_MAP_TYPE_XSKMAP);
  __uint(max_entries, MAX_QUEUES);
  __type(key, __u32);
  __type(value, __u32);
} xsks_map SEC(".maps");

static __always_inline int is_answer(struct udphdr* udp, void* end) {
  if ((void*)(udp + 1) > end) return 0;
  __u16 port = bpf_ntohs(udp->dest);
  return port >= FIRST_PORT && port < FIRST_PORT + PORTS;
}

SEC("xdp")
int understudy_xdp(struct xdp_md* ctx) {
  void* end = (void*)(long)ctx->data_end;
  struct ethhdr* ethernet = (void*)(long)ctx->data;
  if ((void*)(ethernet + 1) > end) return XDP_PASS;
  int ours = 0;
  if (ethernet->h_proto == bpf_htons(ETH_P_IP)) {
    struct iphdr* ip = (void*)(ethernet + 1);
    if ((void*)(ip + 1) > end) return XDP_PASS;
    ours = ip->ihl == 5 && ip->protocol == IPPROTO_UDP && is_answer((void*)(ip + 1), end);
  } else if (ethernet->h_proto == bpf_htons(ETH_P_IPV6)) {
    struct ipv6hdr* ip = (void*)(ethernet + 1);
    if ((void*)(ip + 1) > end) return XDP_PASS;
    ours = ip->nexthdr == IPPROTO_UDP && is_answer((void*)(ip + 1), end);
  }
  return ours ? (int)bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS) : XDP_PASS;
}

// bpf_redirect_map asks for no licence; libbpf wants the section all the same.
char us_license[] SEC("license") = "Apache-2.0";
