-- People whose node is gone. KEYS[1]: the hash lease -> time of its last renewal. ARGV[1], ARGV[2]: what stands before a lease's
-- name in the key of the lease, and in that of the people its node answers for. ARGV[3]: most people to name.
-- Answers lease, time, person, lease, time, person ... Nodes that ask at once are told of different people, mostly: the choice is
-- random. A lease that is gone with all its people is forgotten.
-- The keys of leases are made here: in a cluster every key of the program has one hash tag, so they lie on this node.
local found, nodes = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #nodes, 2 do
    local lease, left = nodes[i], tonumber(ARGV[3]) - #found / 3
    if left <= 0 then
        break
    end
    if redis.call('EXISTS', ARGV[1] .. lease) == 0 then
        local people = redis.call('SRANDMEMBER', ARGV[2] .. lease, left)
        if #people == 0 then
            redis.call('HDEL', KEYS[1], lease)
        end
        for _, person in ipairs(people) do
            found[#found + 1] = lease
            found[#found + 1] = nodes[i + 1]
            found[#found + 1] = person
        end
    end
end
return found
