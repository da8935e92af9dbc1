// ldns as a C++ program needs it, and its pointers owned.
//
// Used by: the .cc files of zone, never its other headers; dns_answer.cc of health.
#ifndef UNDERSTUDY_CONTROL_ZONE_LDNS_HEADERS_H_
#define UNDERSTUDY_CONTROL_ZONE_LDNS_HEADERS_H_

#include <stdbool.h>  // first: else ldns/common.h defines bool, true and false as macros

#include <ldns/ldns.h>

#include <cstdlib>
#include <memory>
#include <string_view>

namespace understudy::control {

struct LdnsFree {
  void operator()(ldns_rdf* rdf) const { ldns_rdf_deep_free(rdf); }
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
  void operator()(char* text) const { free(text); }  // ldns allocates with malloc
};
using Rdf = std::unique_ptr<ldns_rdf, LdnsFree>;
using Rr = std::unique_ptr<ldns_rr, LdnsFree>;
using LdnsText = std::unique_ptr<char, LdnsFree>;

inline std::string_view DataOf(const ldns_rdf* rdf) {
  return {reinterpret_cast<const char*>(ldns_rdf_data(rdf)), ldns_rdf_size(rdf)};
}

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ZONE_LDNS_HEADERS_H_
