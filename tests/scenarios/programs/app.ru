# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# A Rack application. /ask asks the service at BACKEND ("address port"), and waits for its answer.
require "socket"

run lambda { |env|
  if env["PATH_INFO"] == "/ask"
    address, port = ENV["BACKEND"].split
    TCPSocket.open(address, port.to_i) { |backend| backend.write("please\n"); backend.readpartial(100) }
  end
  [200, { "Content-Type" => "text/plain", "Content-Length" => "3" }, ["ok\n"]]
}
