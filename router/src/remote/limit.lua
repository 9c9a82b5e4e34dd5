-- One send of one person. KEYS[1]: the sorted set of admitted sends, scored by the server's milliseconds.
-- ARGV: window in milliseconds, most sends in it, name of this send.
-- Answers 0 when the send may go on and was counted, -1 when it may because it was counted before, otherwise after how many
-- milliseconds it may.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local window, quota = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
if redis.call('ZSCORE', KEYS[1], ARGV[3]) then
    return -1
end
local count = redis.call('ZCARD', KEYS[1])
if count < quota then
    redis.call('ZADD', KEYS[1], now, ARGV[3])
    redis.call('PEXPIRE', KEYS[1], window)
    return 0
end
-- Room comes when the send leaves that is `quota` places from the newest; without a change of quota, the oldest.
local place = count - quota
local leaving = redis.call('ZRANGE', KEYS[1], place, place, 'WITHSCORES')
return math.max(1, math.min(window, leaving[2] + window - now))
