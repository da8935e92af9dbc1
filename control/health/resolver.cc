#include "control/health/resolver.h"

#include <ares.h>
#include <sys/socket.h>

#include <boost/asio/this_coro.hpp>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/health/name_lookup.h"

namespace understudy::control {

namespace asio = boost::asio;

namespace {

int FamilyOf(ResolveFamily family) {
  switch (family) {
    case ResolveFamily::kIpv4:
      return AF_INET;
    case ResolveFamily::kIpv6:
      return AF_INET6;
    case ResolveFamily::kAny:
      return AF_UNSPEC;
  }
  return AF_INET;
}

absl::string_view RecordsOf(ResolveFamily family) {
  switch (family) {
    case ResolveFamily::kIpv4:
      return "A";
    case ResolveFamily::kIpv6:
      return "AAAA";
    case ResolveFamily::kAny:
      return "A or AAAA";
  }
  return "A";
}

// How a lookup without an address ended, behind its name.
std::string WhyNot(int status, ResolveFamily family) {
  switch (status) {
    case ARES_SUCCESS:
    case ARES_ENODATA:
      return absl::StrCat("has no ", RecordsOf(family), " record");
    case ARES_ENOTFOUND:
      return "does not exist";
    case ARES_ETIMEOUT:
      return "had no answer in time";
    // c-ares takes SERVFAIL, NOTIMP and REFUSED for a reason to ask the next resolver, and says so
    // when there is none left.
    case ARES_ECONNREFUSED:
      return "got no answer from any resolver (SERVFAIL, REFUSED, or none)";
    case ARES_EBADRESP:
      return "had an answer that is no DNS message";
    default:
      return absl::StrCat("could not be resolved: ", ares_strerror(status));
  }
}

}  // namespace

asio::awaitable<Resolved> Resolver::Resolve(Connection& connection, std::string name,
                                            ResolveFamily family) const {
  const auto lookup = std::make_shared<NameLookup>(co_await asio::this_coro::executor);
  connection.WhenAborted([lookup] { lookup->Stop(); });
  co_await lookup->Run(name, FamilyOf(family), servers_, connection.deadline());
  connection.WhenAborted(nullptr);
  Resolved result;
  result.addresses = lookup->addresses();
  result.shortage_here = lookup->shortage_here() || lookup->status() == ARES_ENOMEM;
  result.timed_out = lookup->status() == ARES_ETIMEOUT;
  if (result.addresses.empty()) {
    result.failure =
        absl::StrCat("DNS resolution failed: ", name, " ", WhyNot(lookup->status(), family));
  }
  co_return result;
}

}  // namespace understudy::control
