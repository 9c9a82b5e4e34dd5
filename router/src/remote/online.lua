-- Who of some people is connected. KEYS: the hash lease -> devices of each person. ARGV[1]: what stands before a lease's name in
-- its key. Answers 1 or 0 per person. Fields of nodes whose lease is gone do not count and are removed.
-- The keys of leases are made here: in a cluster every key of the program has one hash tag, so they lie on this node.
local answers, living = {}, {}
for i, person in ipairs(KEYS) do
    local online = 0
    for _, lease in ipairs(redis.call('HKEYS', person)) do
        if living[lease] == nil then
            living[lease] = redis.call('EXISTS', ARGV[1] .. lease) == 1
        end
        if living[lease] then
            online = 1
        else
            redis.call('HDEL', person, lease)
        end
    end
    answers[i] = online
end
return answers
