#include "control/state/statement.h"

#include "absl/strings/str_cat.h"

namespace understudy::control {

absl::Status SqlError(sqlite3* handle, const std::string& what) {
  const int code = handle != nullptr ? sqlite3_errcode(handle) & 0xff : SQLITE_NOMEM;
  const std::string text =
      absl::StrCat(what, ": ", handle != nullptr ? sqlite3_errmsg(handle) : "out of memory");
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) return absl::DataLossError(text);
  return absl::UnavailableError(text);
}

absl::Status Execute(sqlite3* handle, const char* sql) {
  if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return absl::OkStatus();
  return SqlError(handle, sql);
}

Statement::Statement(sqlite3* handle, const char* sql) : handle_(handle) {
  if (sqlite3_prepare_v2(handle, sql, -1, &statement_, nullptr) != SQLITE_OK) {
    // Our own SQL is right, so a table or column it names is missing: not our file.
    const bool foreign = (sqlite3_errcode(handle) & 0xff) == SQLITE_ERROR;
    status_ = SqlError(handle, sql);
    if (foreign) status_ = absl::DataLossError(status_.message());
  }
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::Bind(const std::string& value) {
  // SQLITE_TRANSIENT casts -1 to a pointer: the library's way to say "make a copy".
  const int size = static_cast<int>(value.size());
  sqlite3_bind_text(statement_, ++parameter_, value.data(), size, SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::BindBlob(const std::string& value) {
  sqlite3_bind_blob64(statement_, ++parameter_, value.data(), value.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::Bind(int64_t value) {
  sqlite3_bind_int64(statement_, ++parameter_, value);
  return *this;
}

Statement& Statement::Bind(double value) {
  sqlite3_bind_double(statement_, ++parameter_, value);
  return *this;
}

Statement& Statement::Bind(absl::Time value) {
  if (value == absl::InfinitePast() || value == absl::InfiniteFuture()) {
    sqlite3_bind_null(statement_, ++parameter_);
    return *this;
  }
  return Bind(absl::ToUnixNanos(value));
}

bool Statement::Next() {
  if (!status_.ok()) return false;
  column_ = 0;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) status_ = SqlError(handle_, "cannot use the state database");
  return false;
}

absl::Status Statement::Run() {
  while (Next()) {
  }
  sqlite3_reset(statement_);
  parameter_ = 0;
  return status_;
}

std::string Statement::Text() {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column_));
  const int size = sqlite3_column_bytes(statement_, column_++);
  return text != nullptr ? std::string(text, static_cast<size_t>(size)) : std::string();
}

std::string Statement::Blob() {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column_));
  const int size = sqlite3_column_bytes(statement_, column_++);
  return bytes != nullptr ? std::string(bytes, static_cast<size_t>(size)) : std::string();
}

double Statement::Real() { return sqlite3_column_double(statement_, column_++); }

int64_t Statement::Integer() { return sqlite3_column_int64(statement_, column_++); }

absl::Time Statement::Time(absl::Time if_null) {
  if (sqlite3_column_type(statement_, column_) == SQLITE_NULL) {
    ++column_;
    return if_null;
  }
  return absl::FromUnixNanos(Integer());
}

}  // namespace understudy::control
