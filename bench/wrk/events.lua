-- Load for wrk: POST requests of one event each, or of a batch, no two with the same ids.
--
-- wrk -s events.lua URL -- TEMPLATE PATH BATCH RUN AUTHORIZATION REQUESTS_MAX
--   TEMPLATE       file with one event; {m}, {a} and {u} stand for its three ids
--   PATH           where to post
--   BATCH          events of one request; 0 posts the bare event
--   RUN            number that tells this run's ids from those of others
--   AUTHORIZATION  value of that header
--   REQUESTS_MAX   requests after which a thread stops, whatever the time
--
-- All ids have the same width, so that every request has the same length and its head is made
-- once. `request` is the only function called under load.

local threads = {}

function setup(thread)
   thread:set("index", #threads)
   threads[#threads + 1] = thread
end

local function read(path)
   local file = assert(io.open(path, "r"))
   local text = file:read("*a")
   file:close()
   return text
end

-- Cuts the template at its placeholders, which stand in the order m, a, u.
local function pieces(text)
   local one, two, three, four = text:match("^(.-){m}(.-){a}(.-){u}(.*)$")
   assert(four, "the template has no {m}, {a} and {u}, in this order")
   return one, two, three, four
end

function init(args)
   capped = false
   local one, two, three, four = pieces(read(args[1]))
   local path, batch, run, authorization = args[2], tonumber(args[3]), tonumber(args[4]), args[5]
   local left = tonumber(args[6])
   local made = 0
   local format = string.format

   local function event()
      made = made + 1
      local id = format("%08x-%04x-4000-8000-%012x", run, index, made)
      local user = format("user-%06d-%02d-%08d", run, index, made)
      return one .. id .. two .. id .. three .. user .. four
   end

   local open, close = '{"batch":[', '],"sentAt":"2026-01-01T00:00:00.000Z"}'
   local events = {}
   local function body()
      if batch == 0 then return event() end
      for i = 1, batch do events[i] = event() end
      return open .. table.concat(events, ",") .. close
   end

   local head = table.concat({
      "POST " .. path .. " HTTP/1.1",
      "Host: " .. wrk.host .. ":" .. wrk.port,
      "Authorization: " .. authorization,
      "Content-Type: application/json",
      "Content-Length: " .. #body(),
      "", "",
   }, "\r\n")

   function request()
      left = left - 1
      if left < 0 then
         capped = true
         wrk.thread:stop()
      end
      return head .. body()
   end
end

function done(summary, latency, requests)
   local any_capped = false
   for _, thread in ipairs(threads) do any_capped = any_capped or thread:get("capped") end
   local errors = summary.errors
   io.write(string.format(
      'RESULT {"requests":%d,"duration_us":%d,"bytes":%d,"connect":%d,"read":%d,"write":%d,'
         .. '"status":%d,"timeout":%d,"p50_us":%d,"p99_us":%d,"max_us":%d,"capped":%s}\n',
      summary.requests, summary.duration, summary.bytes, errors.connect, errors.read, errors.write,
      errors.status, errors.timeout, latency:percentile(50), latency:percentile(99), latency.max,
      tostring(any_capped)))
end
