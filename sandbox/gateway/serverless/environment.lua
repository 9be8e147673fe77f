-- The environment of configured functions: the parts of Lua, OpenResty and APISIX that this project's functions use. The program
-- in machine.ts answers `get` and obeys `set`; both refuse, by name, what the sandbox does not emulate.
local get, set, answer = get, set, answer
local setfenv, loadstring, error, type, setmetatable = setfenv, loadstring, error, type, setmetatable

-- A table whose fields are asked for and set in the program, but for those in `own`.
local function remote(kind, own)
    return setmetatable({}, {
        __index = function(_, name)
            if own and own[name] ~= nil then return own[name] end
            return get(kind, name)
        end,
        __newindex = function(_, name, value) set(kind, name, value) end,
    })
end

local variables = remote("ngx.var")
local ngx = remote("ngx", {
    var = variables,
    header = remote("ngx.header"),
    arg = remote("ngx.arg"),
    get_phase = function() return get("ngx", "phase") end,
    req = remote("ngx.req", {
        -- At most 100 headers, and "truncated" if there are more, as in OpenResty without an argument.
        get_headers = function() return get("ngx.req", "headers"), get("ngx.req", "truncated") end,
        set_header = function(name, value) set("ngx.req", name, value) end,
        clear_header = function(name) set("ngx.req", name) end,
    }),
})

local fields = {} -- what functions have set in ctx, by the number of the request
local consumer = remote("ctx.consumer")
local ctx = setmetatable({}, {
    __index = function(_, name)
        if name == "var" then return variables end
        if name == "consumer" then return get("ctx", "consumer_name") and consumer end
        if not name:find("^alpa_auth_") then return get("ctx", name) end
        return (fields[get("ctx", "number")] or {})[name]
    end,
    __newindex = function(_, name, value)
        if name == "ai_token_usage" then value = value.total_tokens end
        if not name:find("^alpa_auth_") then return set("ctx", name, value) end
        local number = get("ctx", "number")
        fields[number] = fields[number] or {}
        fields[number][name] = value
    end,
})

local env = remote("global")
for name in ("error ipairs math pairs pcall select string table tonumber tostring type unpack"):gmatch("%S+") do
    rawset(env, name, _G[name])
end
rawset(env, "ngx", ngx)

local loaded = {}

-- @return the id of the function for `run`
local function load(text, conf)
    local func, problem = loadstring(text)
    if not func then error(problem, 0) end
    setfenv(func, env)
    local made = func()
    if type(made) ~= "function" then error("only accept Lua function, the input code type is " .. type(made), 0) end
    loaded[#loaded + 1] = { made = made, conf = conf }
    return #loaded
end

local function run(id)
    answer(loaded[id].made(loaded[id].conf, ctx))
end

-- Called at the end of a request.
local function forget(number) fields[number] = nil end

return load, run, forget
