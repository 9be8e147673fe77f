-- Creates the environment of configured functions, with the functions of Lua, OpenResty and APISIX. It runs once for each
-- gateway, in Lua 5.1. `ask` calls machine.ts. Strings are passed as printable ASCII without spaces, with %XX for all other
-- bytes, because the bridge to machine.ts passes only text, and a Lua string can have any bytes.
local ask = ...
debug.setmetatable(ask, nil) -- removes fields that the bridge gives to functions: Lua has none
local setfenv, loadstring, pcall, error, type, tostring, ipairs = setfenv, loadstring, pcall, error, type, tostring, ipairs
local gsub, gmatch, sub, format, byte, char = string.gsub, string.gmatch, string.sub, string.format, string.byte, string.char
local concat = table.concat

local function encode(text)
    return (gsub(text, "[^!-$&-~]", function(c) return format("%%%02X", byte(c)) end))
end

local function decode(text)
    return (gsub(text, "%%(%x%x)", function(hex) return char(tonumber(hex, 16)) end))
end

-- Calls machine.ts. Returns a list of answers, or nil. An unsupported call ends the request outside of Lua, so a pcall cannot
-- hide it.
local function call(what, name, values)
    local answer = ask(what, encode(tostring(name)), values)
    if answer == "-" then return nil end
    if sub(answer, 1, 1) == "!" then error(decode(sub(answer, 2)), 0) end
    local answers = {}
    for one in gmatch(answer, "=(%S*)") do answers[#answers + 1] = decode(one) end
    return answers
end

local function refuse(what) call("refuse", what) end

-- Encodes a value or a list of values. Each gets "=" in front, so that an empty value differs from a missing one.
local function outgoing(value)
    if value == nil then return "" end
    local list = type(value) == "table" and value or { value }
    local values = {}
    for i, one in ipairs(list) do values[i] = "=" .. encode(tostring(one)) end
    return concat(values, " ")
end

local header = setmetatable({}, {
    __index = function(_, name)
        local values = call("get header", name)
        return values and (values[2] and values or values[1])
    end,
    __newindex = function(_, name, value) call("set header", name, outgoing(value)) end,
})

local function variables(what, set)
    return setmetatable({}, {
        __index = function(_, name)
            local values = call(what, name)
            return values and values[1]
        end,
        __newindex = function(_, name, value)
            if not set then refuse("setting the variable " .. tostring(name) .. " in Lua") end
            call(set, name, outgoing(value))
        end,
    })
end

local function find_header(headers, name)
    return rawget(headers, (gsub(name:lower(), "_", "-")))
end

-- ngx.req.get_headers: at most 100 headers, and "truncated" if there are more, as in OpenResty without an argument.
local function get_headers(...)
    if select("#", ...) > 0 then refuse("an argument of ngx.req.get_headers in Lua") end
    local pairs_of, headers = call("get request headers", ""), {}
    for i = 2, #pairs_of, 2 do
        local name, value = pairs_of[i], pairs_of[i + 1]
        local old = headers[name]
        if type(old) == "table" then
            old[#old + 1] = value
        else
            headers[name] = old and { old, value } or value
        end
    end
    return setmetatable(headers, { __index = find_header }), pairs_of[1] ~= "all" and pairs_of[1] or nil
end

local request = setmetatable({
    get_headers = get_headers,
    clear_header = function(name) call("set request header", name) end,
    set_header = function(name, value) call("set request header", name, outgoing(value)) end,
}, { __index = function(_, name) refuse("ngx.req." .. tostring(name)) end })

-- ngx.arg: in body_filter, [1] is the current piece of the answer's body.
local arg = setmetatable({}, {
    __index = function(_, at)
        if at ~= 1 then refuse("ngx.arg[" .. tostring(at) .. "]") end
        return call("get chunk", "")[1]
    end,
    __newindex = function(_, at, value)
        if at ~= 1 then refuse("setting ngx.arg[" .. tostring(at) .. "]") end
        call("set chunk", "", outgoing(value))
    end,
})

local parts = {
    req = request,
    header = header,
    arg = arg,
    var = variables("get ngx.var", "set ngx.var"),
    exit = function(status) call("exit", status) end,
    get_phase = function() return call("get phase", "")[1] end,
}
local ngx = setmetatable({}, {
    __index = function(_, name)
        if name == "status" then return tonumber(call("get status", name)[1]) end
        if parts[name] == nil then refuse("ngx." .. tostring(name)) end
        return parts[name]
    end,
    __newindex = function(_, name, value)
        if name ~= "status" then refuse("setting ngx." .. tostring(name)) end
        call("set status", name, outgoing(value))
    end,
})

local ctx_var = variables("get ctx.var", "set ctx.var")
local function field(name)
    local values = call("get ctx", name)
    return values and values[1]
end

local consumer = setmetatable({}, {
    __index = function(_, name)
        if name ~= "credential_id" then refuse("ctx.consumer." .. tostring(name) .. " in Lua") end
        return field(name)
    end,
    __newindex = function(_, name) refuse("setting ctx.consumer." .. tostring(name) .. " in Lua") end,
})

-- Fields that functions have set in ctx, by the number of the request. Only these fields are supported: two of
-- ai-rate-limiting, and names that no part of APISIX uses.
local own_fields, request_number = {}, nil
local for_limits = { picked_ai_instance_name = true, ai_token_usage = true }

local function is_own(name) return for_limits[name] or string.find(name, "^alpa_auth_") end

local function set_field(_, name, value)
    if not is_own(name) then refuse("setting ctx." .. tostring(name) .. " in Lua") end
    own_fields[request_number] = own_fields[request_number] or {}
    own_fields[request_number][name] = value
    if name == "picked_ai_instance_name" then call("set instance", value) end
    if name == "ai_token_usage" then
        for kind, tokens in pairs(value) do call("set usage", kind, outgoing(tokens)) end
    end
end

local ctx = setmetatable({}, {
    __index = function(_, name)
        if name == "consumer_name" then return field(name) end
        if name == "consumer" then return field(name) and consumer end
        if name == "var" then return ctx_var end
        if not is_own(name) then refuse("ctx." .. tostring(name) .. " in Lua") end
        return own_fields[request_number] and own_fields[request_number][name]
    end,
    __newindex = set_field,
})

-- Rejects calls with more arguments than Lua 5.1 has: LuaJIT's additional argument would be ignored silently.
local function at_most(name, count, func)
    return function(...)
        if select("#", ...) > count then refuse("a further argument of " .. name .. " in Lua") end
        return func(...)
    end
end

local env = { _VERSION = _VERSION, ngx = ngx, xpcall = at_most("xpcall", 2, xpcall) }
for name in gmatch(
    "assert error getmetatable ipairs next pairs pcall rawequal rawget rawset select setmetatable tonumber tostring type unpack",
    "%S+"
) do
    env[name] = _G[name]
end
for name in gmatch("math string table", "%S+") do
    env[name] = {}
    for key, value in pairs(_G[name]) do env[name][key] = value end
end
env.math.log = at_most("math.log", 1, math.log)
env.string.rep = at_most("string.rep", 2, string.rep)

local not_here = {}
for name in gmatch(
    [[_G bit collectgarbage coroutine debug dofile gcinfo getfenv io jit load loadfile loadstring module ndk newproxy os
    package print require setfenv]],
    "%S+"
) do
    not_here[name] = true
end
setmetatable(env, {
    __index = function(_, name)
        if not_here[name] then refuse(name .. " in Lua") end
        return nil -- in Lua, an unknown name is nil
    end,
    __newindex = function(_, name) refuse("setting the global " .. tostring(name) .. " in Lua") end,
})

-- Converts a text into a function. Messages and order of checks are those of check_schema in
-- apisix/plugins/serverless/init.lua.
local function compile(text)
    local func, problem = loadstring(text)
    if not func then return nil, "failed to loadstring: " .. problem end
    setfenv(func, env)
    local ok, made = pcall(func)
    if not ok then return nil, "pcall error: " .. made end
    if type(made) ~= "function" then return nil, "only accept Lua function, the input code type is " .. type(made) end
    return made
end

-- Sets the methods of strings, as in ("x"):rep(2), to those of this environment: they belong to the interpreter, which gateways
-- share.
local function enter() getmetatable("").__index = env.string end

local function check(text)
    enter()
    local ok, made, problem = pcall(compile, decode(text))
    if not ok then problem = made end
    return problem and encode(tostring(problem))
end

local loaded = {}

-- Creates functions. @param given the configuration and the texts of the functions, as a Lua expression
local function load(given)
    enter()
    local value = loadstring("return " .. decode(given))()
    local functions = {}
    for i, text in ipairs(value.functions) do functions[i] = compile(text) end
    loaded[#loaded + 1] = { conf = value.conf, functions = functions }
    return #loaded
end

local function run_all(id)
    local conf, functions = loaded[id].conf, loaded[id].functions
    for _, func in ipairs(functions) do
        local code, body = func(conf, ctx)
        if code or body then
            local _ = code >= 400 -- APISIX compares first, so anything but a number fails here
            if type(body) == "table" then refuse("a table as the body of an answer from Lua") end
            return "=" .. code .. (body == nil and "" or " =" .. encode(tostring(body)))
        end
    end
    return "-"
end

local function run(id, request)
    enter()
    request_number = request
    local ok, answer = pcall(run_all, id)
    return ok and answer or "!" .. encode(tostring(answer))
end

local function forget(request) own_fields[request] = nil end

return check, load, run, forget
