-- Creates the environment of configured functions: the parts of Lua, OpenResty and APISIX that this project's functions use;
-- any other name is refused. It runs once for each gateway, in Lua 5.1. machine.ts passes the state of a request as a text and
-- gets the changes as a text: words with "=" in front, in which %XX stands for other bytes than printable ASCII; "-" is nil.
local setfenv, loadstring, pcall, error, type, tostring = setfenv, loadstring, pcall, error, type, tostring
local gsub, gmatch, sub, format, byte, char = string.gsub, string.gmatch, string.sub, string.format, string.byte, string.char

local function encode(value)
    if value == nil then return "-" end
    return "=" .. gsub(tostring(value), "[^!-$&-~]", function(c) return format("%%%02X", byte(c)) end)
end

local function decode(word)
    if word == "-" then return nil end
    return (gsub(sub(word, 2), "%%(%x%x)", function(hex) return char(tonumber(hex, 16)) end))
end

local now = {} -- the state of the request
local own_fields = {} -- what functions have set in ctx, by the number of the request

-- Ends the function. `now` keeps the reason, so that a pcall cannot hide it.
local function refuse(what)
    now.refused = now.refused or what
    error(what, 0)
end

local function change(kind, name, value)
    if type(value) == "table" or type(value) == "function" then refuse("a " .. type(value) .. " as the value of " .. name) end
    if value ~= nil and string.find(tostring(value), "[%z\1-\31\127]") and kind ~= "chunk" then
        refuse("control characters in the value of " .. name)
    end
    now.changes[#now.changes + 1] = kind .. " " .. encode(name) .. " " .. encode(value)
end

-- A table that refuses each name that it does not have, and each assignment without `set`.
local function closed(where, fields, set)
    return setmetatable({}, {
        __index = function(_, name)
            local get = fields[name]
            if get == nil then refuse(where .. tostring(name)) end
            return get()
        end,
        __newindex = function(_, name, value)
            if not set then refuse("setting " .. where .. tostring(name)) end
            set(name, value)
        end,
    })
end

local function constant(value) return function() return value end end

local framing = {}
for name in gmatch("host connection content-length transfer-encoding expect te upgrade", "%S+") do framing[name] = true end

local function set_request_header(name, value)
    local key = name:lower()
    if framing[key] or now.phase == "header_filter" or now.phase == "body_filter" or now.phase == "log" then
        refuse("ngx.req.set_header(" .. name .. ") in phase " .. now.phase)
    end
    change("request", name, value)
    now.request[key] = value ~= nil and tostring(value) or nil
end

-- At most 100 headers, and "truncated" if there are more, as in OpenResty without an argument.
local function get_headers(...)
    if select("#", ...) > 0 then refuse("an argument of ngx.req.get_headers") end
    local headers = {}
    for name, value in pairs(now.request) do headers[name] = value end
    return headers, now.truncated
end

local header = setmetatable({}, {
    __index = function(_, name) return now.answer[(name:lower():gsub("_", "-"))] end,
    __newindex = function(_, name, value)
        if now.phase == "body_filter" or now.phase == "log" then refuse("setting ngx.header in phase " .. now.phase) end
        change("answer", name, value)
        now.answer[name:lower()] = value ~= nil and tostring(value) or nil
    end,
})

local variables = setmetatable({}, {
    __index = function(_, name)
        local value = now.variables[name]
        if value == nil then refuse("ngx.var." .. tostring(name)) end
        return value or nil -- false: no value
    end,
    __newindex = function(_, name, value)
        -- the error of lua-nginx-module, shortened
        if not now.declared[name] then error('variable "' .. name .. '" not found for writing', 2) end
        change("variable", name, value)
        now.variables[name] = tostring(value)
    end,
})

local chunk = setmetatable({}, {
    __index = function(_, at)
        if at ~= 1 or now.phase ~= "body_filter" then refuse("ngx.arg in phase " .. now.phase) end
        return now.chunk
    end,
    __newindex = function(_, at, value)
        if at ~= 1 or now.phase ~= "body_filter" then refuse("setting ngx.arg in phase " .. now.phase) end
        change("chunk", "ngx.arg", value)
        now.chunk = value
    end,
})

local ngx = closed("ngx.", {
    status = function() return now.status end,
    get_phase = constant(function() return now.phase == "rewrite" and "access" or now.phase end),
    header = constant(header),
    var = constant(variables),
    arg = constant(chunk),
    req = constant(closed("ngx.req.", {
        get_headers = constant(get_headers),
        set_header = constant(set_request_header),
        clear_header = constant(function(name) set_request_header(name) end),
    })),
})

local consumer = closed("ctx.consumer.", { credential_id = function() return now.credential end })
local ctx_fields = {
    var = constant(variables),
    consumer_name = function() return now.consumer end,
    consumer = function() return now.consumer and consumer end,
}
-- Functions may set two fields of ai-rate-limiting, and fields with names that no part of APISIX uses.
local ctx = setmetatable({}, {
    __index = function(_, name)
        if ctx_fields[name] then return ctx_fields[name]() end
        if not name:find("^alpa_auth_") then refuse("ctx." .. name) end
        return (own_fields[now.number] or {})[name]
    end,
    __newindex = function(_, name, value)
        if name == "picked_ai_instance_name" then
            change("instance", name, value)
        elseif name == "ai_token_usage" then
            for kind, tokens in pairs(value) do change("usage", kind, tokens) end
        elseif name:find("^alpa_auth_") then
            own_fields[now.number] = own_fields[now.number] or {}
            own_fields[now.number][name] = value
        else
            refuse("setting ctx." .. name)
        end
    end,
})

local env = setmetatable({}, {
    __index = function(_, name) refuse(tostring(name)) end,
    __newindex = function(_, name) refuse("setting the global " .. tostring(name)) end,
})
rawset(env, "ngx", ngx)
for name in gmatch("error ipairs math pairs pcall select string table tonumber tostring type unpack", "%S+") do
    rawset(env, name, _G[name])
end

local function compile(text)
    local func = assert(loadstring(text))
    setfenv(func, env)
    local made = func()
    if type(made) ~= "function" then error("only accept Lua function, the input code type is " .. type(made), 0) end
    return made
end

local loaded = {}

-- Creates the functions of a plugin. @param text a Lua expression: the configuration, and the texts of the functions
local function load(text)
    now = { changes = {} }
    local ok, problem = pcall(function()
        local given = assert(loadstring("return " .. decode(text)))()
        local functions = {}
        for i, one in ipairs(given.functions) do functions[i] = compile(one) end
        loaded[#loaded + 1] = { conf = given.conf, functions = functions }
    end)
    if now.refused then return "refused " .. encode(now.refused) end
    return ok and "loaded =" .. #loaded or "failed " .. encode(problem)
end

-- Reads a list of pairs. A repeated name has a list of values.
local function pairs_of(next_word)
    local table = {}
    for _ = 1, tonumber(next_word()) do
        local name, value = next_word(), next_word()
        local old = table[name]
        table[name] = old and (type(old) == "table" and { unpack(old), value } or { old, value }) or value or false
    end
    return table
end

local function state_of(text)
    local next_match = gmatch(text, "%S+")
    local function word() return decode(next_match()) end
    local state = { changes = {}, number = word(), phase = word(), status = tonumber(word()), truncated = word() }
    state.consumer, state.credential, state.chunk = word(), word(), word()
    state.request, state.answer = pairs_of(word), pairs_of(word)
    state.declared, state.variables = pairs_of(word), pairs_of(word)
    for name, value in pairs(state.declared) do state.variables[name] = value end
    return state
end

local function run_all(id)
    for _, func in ipairs(loaded[id].functions) do
        local code, body = func(loaded[id].conf, ctx)
        if code or body then
            if type(code) ~= "number" or code < 200 or type(body) == "table" then refuse("a function that returns no status and text") end
            return code, body
        end
    end
end

-- Runs the functions of a plugin until one returns an answer. @return outcome, two words about it, and changes of three words
local function run(id, text)
    now = state_of(text)
    local ok, code, body = pcall(run_all, id)
    local outcome = now.refused and { "refused", now.refused } or ok and { "ended", code, body } or { "failed", code }
    local words = { outcome[1], encode(outcome[2]), encode(outcome[3]), unpack(now.changes) }
    return table.concat(words, " ")
end

local function forget(request) own_fields[request] = nil end

return load, run, forget
