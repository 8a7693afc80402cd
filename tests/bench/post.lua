-- For wrk: posts the file that is named behind the URL, and ends with what came of it as a line of JSON. With a number
-- behind it each client rests for so many milliseconds before each message.

function init(arguments)
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    local file = assert(io.open(arguments[1], "rb"))
    wrk.body = file:read("*a")
    file:close()
    if arguments[2] then
        local rest_ms = tonumber(arguments[2])
        function delay()
            return rest_ms
        end
    end
end

function done(summary, latency)
    local errors = summary.errors
    print(string.format('{"requests": %d, "failed": %d, "p50_ms": %.3f, "p99_ms": %.3f}', summary.requests,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
