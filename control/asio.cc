// Boost.Asio and Boost.Beast compiled once (separate compilation), for control and understudyctl.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
