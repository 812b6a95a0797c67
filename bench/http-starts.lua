-- For wrk: the request of the scenario `http-starts`.
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = '{"index":1,"filler":"' .. string.rep("x", 73) .. '"}'
