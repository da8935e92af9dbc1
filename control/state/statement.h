// One prepared SQL statement: bound by position, read by position, finalized when it goes.
//
// Used by: the other files of this folder. Errors surface as absl::Status when the statement is
// stepped.
#ifndef UNDERSTUDY_CONTROL_STATE_STATEMENT_H_
#define UNDERSTUDY_CONTROL_STATE_STATEMENT_H_

#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace understudy::control {

// The last error of `handle` as a status: DataLoss for a damaged file, Unavailable for the rest.
absl::Status SqlError(sqlite3* handle, const std::string& what);
absl::Status Execute(sqlite3* handle, const char* sql);

class Statement {
 public:
  Statement(sqlite3* handle, const char* sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Binds the next parameter.
  Statement& Bind(const std::string& value);
  Statement& Bind(int64_t value);
  Statement& Bind(double value);
  // Not copied: `value` must live until the statement ran.
  Statement& BindBlob(const std::string& value);
  Statement& Bind(absl::Time value);  // nanoseconds of the Unix epoch; NULL for the infinite ones

  // True: a row is there to be read. False: done, or failed (see status()).
  bool Next();
  const absl::Status& status() const { return status_; }
  // Runs a statement that gives no rows, and readies it for the next one.
  absl::Status Run();

  // Reads the next column of the row.
  std::string Text();
  std::string Blob();
  int64_t Integer();
  double Real();
  absl::Time Time(absl::Time if_null);

 private:
  sqlite3* handle_;
  sqlite3_stmt* statement_ = nullptr;
  int parameter_ = 0;
  int column_ = 0;
  absl::Status status_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_STATE_STATEMENT_H_
