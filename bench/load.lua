-- wrk's part of every measurement: sends the requests of a file as they are, in turn, and says as JSON how it went.
--
--   wrk -s load.lua URL -- FILE BYTES [DELAY]
--
-- FILE holds one request after the other, each BYTES long. DELAY: each connection waits this many milliseconds (0 to
-- twice of it, by chance) before a request, so that the load has a rate instead of being whatever the proxy can bear.
local requests, turn = {}, 0

function init(arguments)
   local file = assert(io.open(arguments[1], "rb"))
   local all, size = file:read("*a"), tonumber(arguments[2])
   file:close()
   for at = 1, #all, size do
      requests[#requests + 1] = all:sub(at, at + size - 1)
   end
   wrk.format = function() return requests[1] end  -- asked once: costs nothing per request
   if #requests > 1 then
      request = function()
         turn = turn % #requests + 1
         return requests[turn]
      end
   end
   if arguments[3] then
      local most = 2 * tonumber(arguments[3])
      delay = function() return math.random(0, most) end
   end
end

-- Times in microseconds.
function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '{"requests": %d, "microseconds": %d, "bytes": %d, "p50_us": %d, "p99_us": %d, "connect_errors": %d, '
      .. '"read_errors": %d, "write_errors": %d, "timeouts": %d, "bad_statuses": %d}\n',
      summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
      errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
