-- One send of one person.
-- KEYS[1]: the sorted set of admitted sends, KEYS[2]: of what they said; both scored by the server's milliseconds.
-- ARGV: 1 window in milliseconds, 2 most sends in it (0: no limit), 3 name of this send,
-- 4 what to do with one repetition too many ('' nothing is said, 'tell', 'refuse'), 5 form, order and name of what is said, eight
-- bytes each, 6 window of repetitions, 7 times in an order, 8 orders, 9 texts remembered.
-- Answers 0 when the send may go on and was counted, -1 when it may because it was counted before, -2 when it repeats what was
-- said too often and is refused, -3 and -4 as 0 and -1 for a repetition that is told, otherwise after how many milliseconds it may.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local window, quota, mode, said = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[4], ARGV[5]
local known, repeated = false, false

if mode ~= '' then
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - tonumber(ARGV[6]))
    local here, elsewhere, orders = 0, 0, {}
    for _, other in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
        if string.sub(other, 1, 8) == string.sub(said, 1, 8) then
            local order = string.sub(other, 9, 16)
            if other == said then
                known = true
            elseif order == string.sub(said, 9, 16) then
                here = here + 1
            elseif not orders[order] then
                orders[order] = true
                elsewhere = elsewhere + 1
            end
        end
    end
    repeated = here + 1 >= tonumber(ARGV[7]) or elsewhere + 1 >= tonumber(ARGV[8])
end

local counted = not known and mode ~= ''
if quota > 0 then
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
    if redis.call('ZSCORE', KEYS[1], ARGV[3]) then
        return (repeated and mode == 'tell') and -4 or -1
    end
    local count = redis.call('ZCARD', KEYS[1])
    if count >= quota then
        -- Room comes when the send leaves that is `quota` places from the newest; without a change of quota, the oldest.
        local place = count - quota
        local leaving = redis.call('ZRANGE', KEYS[1], place, place, 'WITHSCORES')
        return math.max(1, math.min(window, leaving[2] + window - now))
    end
    counted = true
end
if repeated and not known and mode == 'refuse' then
    return -2
end
if quota > 0 then
    redis.call('ZADD', KEYS[1], now, ARGV[3])
    redis.call('PEXPIRE', KEYS[1], window)
end
if mode ~= '' and not known then
    redis.call('ZADD', KEYS[2], now, said)
    redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - tonumber(ARGV[9]))
    redis.call('PEXPIRE', KEYS[2], ARGV[6])
end
local told = repeated and mode == 'tell'
if counted then
    return told and -3 or 0
end
return told and -4 or -1
