-- Each request carries the next token of a file, of which BENCH_TOKENS is the name.
local requests, at = {}, 0

function init()
  for token in io.lines(os.getenv("BENCH_TOKENS")) do
    requests[#requests + 1] = wrk.format("GET", nil, { Authorization = "Bearer " .. token })
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
