-- For wrk: posts the file that is named behind the URL, and ends with what came of it as a line of JSON.

function init(arguments)
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    local file = assert(io.open(arguments[1], "rb"))
    wrk.body = file:read("*a")
    file:close()
end

function done(summary, latency)
    local errors = summary.errors
    print(string.format('{"requests": %d, "failed": %d, "p50_ms": %.3f}', summary.requests,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50) / 1000))
end
