// The worker over real DPDK devices: a memif port as the dataplane opens it, and its other end.
#include "dataplane/worker/packet_worker.h"

#include <gtest/gtest.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "dataplane/port/eal.h"
#include "dataplane/port/port.h"
#include "tests/dataplane/frames.h"
#include "tests/dataplane/message_text.h"
#include "tests/dataplane/serving_fixture.h"

namespace understudy::worker {
namespace {

using contract::Outcome;
using test::Eventually;

// Both ends of one memif, open for all tests: the driver's interrupt thread does not like its two
// ends to be closed and opened in one process.
class Ends : public testing::Environment {
 public:
  void SetUp() override {
    port::EalPlan plan;
    plan.instance = "test";
    plan.cpus = port::AllowedCpus();
    plan.workers = 1;
    plan.memory_mb = 128;
    ASSERT_EQ(port::StartEal(plan), "");
    OpenServer();
    OpenClient();
    ASSERT_TRUE(Eventually([&] { return IsUp(client->id()) && IsUp(server->device().id()); }));
  }
  void TearDown() override { port::StopEal(); }

  static inline port::Port* server = nullptr;
  static inline port::Device* client = nullptr;

 private:
  void OpenServer() {
    std::string error;
    port::PortSettings settings;
    settings.services4 = {{192, 0, 2, 53}};
    const std::string v6 = test::Address("2001:db8::53");
    std::copy(v6.begin(), v6.end(), settings.services6.emplace_back().begin());
    server = port::Port::Open(*port::ParsePortSpec("memif:" + socket_ + ",role=server", &error),
                              settings, &error)
                 .release();
    ASSERT_TRUE(server) << error;
  }
  void OpenClient() {
    std::string error;
    port::DeviceSettings settings;
    settings.name = "net_memif9";
    settings.arguments = "socket=" + socket_ + ",socket-abstract=no,role=client,bsize=8192";
    settings.buffer_room = 8000;
    client = port::Device::Open(settings, &error).release();
    ASSERT_TRUE(client) << error;
  }
  static bool IsUp(uint16_t device) {
    rte_eth_link link = {};
    return rte_eth_link_get_nowait(device, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
  }

  test::Scratch scratch_;
  const std::string socket_ = scratch_ / "memif.sock";
};
const auto* const kEnds = testing::AddGlobalTestEnvironment(new Ends);

class PacketWorkerTest : public testing::Test {
 protected:
  PacketWorkerTest() {
    slot_ = serving_.report.AddWorker("memif");
    ServedQueue queue;
    queue.device = server().id();
    queue.responder = &Ends::server->responder();
    worker_.emplace(serving_.swap, serving_.quiescence, *slot_, std::vector{queue}, 0);
    // What an earlier test left unread; and only with this does the client offer buffers at all.
    while (!Receive().empty()) {
    }
  }
  static const port::Device& server() { return Ends::server->device(); }
  static const port::Device& client() { return *Ends::client; }

  // False when the ring takes no more.
  bool Send(const std::string& frame) {
    rte_mbuf* mbuf = rte_pktmbuf_alloc(client().pools()[0]);
    EXPECT_NE(mbuf, nullptr);
    std::memcpy(rte_pktmbuf_append(mbuf, static_cast<uint16_t>(frame.size())), frame.data(),
                frame.size());
    if (rte_eth_tx_burst(client().id(), 0, &mbuf, 1) == 1) return true;
    rte_pktmbuf_free(mbuf);
    return false;
  }
  std::string Receive() {
    rte_mbuf* mbuf = nullptr;
    if (rte_eth_rx_burst(client().id(), 0, &mbuf, 1) != 1) return "";
    std::string frame(rte_pktmbuf_mtod(mbuf, const char*), mbuf->data_len);
    rte_pktmbuf_free(mbuf);
    return frame;
  }
  std::string Ask(const std::string& frame) {
    EXPECT_TRUE(Send(frame));
    EXPECT_EQ(worker_->Serve(), 1U);
    return Receive();
  }
  static std::string QueryFrame(const std::string& name, const std::string& to = "192.0.2.53") {
    test::FrameText frame;
    if (to.find(':') != std::string::npos) frame.source = "2001:db8::99";
    frame.destination = to;
    frame.payload = test::Query({.name = name});
    return test::Frame(frame);
  }
  unsigned FreeBuffers() const { return rte_mempool_avail_count(server().pools()[0]); }
  uint64_t Counted(Outcome outcome) const {
    return slot_->outcomes[static_cast<size_t>(outcome)].load();
  }
  void ExpectSumsAgree() const {
    uint64_t sum = 0;
    for (const auto& count : slot_->outcomes) sum += count.load();
    EXPECT_EQ(sum, slot_->received.load());
  }

  test::Serving serving_;
  contract::WorkerSlot* slot_ = nullptr;
  std::optional<PacketWorker> worker_;
};

TEST_F(PacketWorkerTest, AQueryComesBackAsAnAnswer) {
  serving_.AdoptZoneOfCases();
  std::string payload;
  EXPECT_EQ(test::DatagramText(Ask(QueryFrame("app.example.com")), &payload),
            "192.0.2.53:53 > 192.0.2.99:40000");
  EXPECT_EQ(test::AnswerText(payload), "NOERROR aa rd | app.example.com. 30 A 192.0.2.10 | |");
  EXPECT_NE(Ask(QueryFrame("app.example.com", "2001:db8::53")), "");
  EXPECT_EQ(Counted(Outcome::kPositive), 2U);
}

TEST_F(PacketWorkerTest, NeighboursOfAMemifAreAnsweredAndTheRestIsDropped) {
  EXPECT_NE(Ask(test::ArpRequest("192.0.2.53")), "");
  EXPECT_NE(Ask(test::NeighbourSolicitation("2001:db8::53")), "");
  EXPECT_NE(Ask(test::Echo("192.0.2.99", "192.0.2.53")), "");
  EXPECT_EQ(Ask(test::ArpRequest("192.0.2.54")), "");
  EXPECT_EQ(Counted(Outcome::kArpReply), 1U);
  EXPECT_EQ(Counted(Outcome::kNeighborAdvert), 1U);
  EXPECT_EQ(Counted(Outcome::kEchoReply), 1U);
  EXPECT_EQ(Counted(Outcome::kNotOurs), 1U);
  ExpectSumsAgree();
}

TEST_F(PacketWorkerTest, AFrameInSeveralBuffersIsDroppedAndCounted) {
  serving_.AdoptZoneOfCases();
  EXPECT_EQ(Ask(QueryFrame("app.example.com") + std::string(6000, 'x')), "");
  EXPECT_EQ(Counted(Outcome::kMalformed), 1U);
  EXPECT_NE(Ask(QueryFrame("app.example.com")), "");
  ExpectSumsAgree();
}

TEST_F(PacketWorkerTest, EveryBufferComesBackWhateverHappensToItsFrame) {
  serving_.AdoptZoneOfCases();
  Ask(QueryFrame("app.example.com"));
  const unsigned before = FreeBuffers();
  const std::string frames[] = {QueryFrame("app.example.com"),
                                QueryFrame("nowhere.org"),
                                QueryFrame("app.example.com", "192.0.2.54"),
                                test::ArpRequest("192.0.2.53"),
                                QueryFrame("www.example.com") + std::string(6000, 'x'),
                                std::string(14, '\0')};
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(Send(frames[static_cast<size_t>(i) % std::size(frames)]));
    if (i % 20 != 19) continue;
    while (worker_->Serve() != 0) {
    }
    while (!Receive().empty()) {
    }
  }
  EXPECT_EQ(FreeBuffers(), before);
  EXPECT_EQ(slot_->received.load(), 20'001U);
  ExpectSumsAgree();
}

TEST_F(PacketWorkerTest, AFullQueueCostsAnswersButNeitherBuffersNorTime) {
  serving_.AdoptZoneOfCases();
  Ask(QueryFrame("app.example.com"));
  const unsigned before = FreeBuffers();
  unsigned sent = 0;
  // The other end never reads: its ring of 1024 fills up, and the worker must go on receiving.
  while (sent < 4000) {
    if (Send(QueryFrame("app.example.com"))) {
      ++sent;
    } else {
      ASSERT_NE(worker_->Serve(), 0U);
    }
  }
  while (worker_->Serve() != 0) {
  }
  EXPECT_EQ(slot_->received.load(), 4001U);
  EXPECT_GT(Counted(Outcome::kQueueFull), 2000U);
  EXPECT_EQ(Counted(Outcome::kQueueFull) + Counted(Outcome::kPositive), 4001U);
  EXPECT_EQ(FreeBuffers(), before);
  ExpectSumsAgree();
}

TEST_F(PacketWorkerTest, AnIdleWorkerSeesANewTableAndLetsGoOfTheOldOne) {
  serving_.AdoptZoneOfCases();
  worker_->Serve();
  test::WriteZoneOfCases(serving_.scratch / "next");
  serving_.swap.Adopt(test::OpenTable(serving_.scratch / "next"));
  EXPECT_FALSE(serving_.swap.Reclaim());
  EXPECT_EQ(worker_->Serve(), 0U);
  EXPECT_TRUE(serving_.swap.Reclaim());
}

TEST_F(PacketWorkerTest, ItEndsWhenTold) {
  const std::atomic<bool> stop{true};
  worker_->Run(stop);
  EXPECT_EQ(slot_->observed.load(), 0U);
}

}  // namespace
}  // namespace understudy::worker
