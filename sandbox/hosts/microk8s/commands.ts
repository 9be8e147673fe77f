/** The emulated subcommands of `microk8s`. Any other subcommand is an error that names it. */
import { randomBytes } from "node:crypto";
import { parse, stringify } from "yaml";
import { failed, unsupported, type Reply, said } from "../reply";
import type { ProgramCall } from "../emulated-program";
import { ADDONS } from "./addons";
import { AGENT_PORT, join, leave, removeNode } from "./join";
import { kubectl } from "./kubectl/kubectl";
import type { Microk8sNode } from "./node";
import { readOptions } from "../options";
import { status } from "./status";
import { addToken } from "./tokens";

/** Number of digits of the certificate's fingerprint in a join address. */
const CHECK_LENGTH = 12;
/** Shortest accepted token, in characters. */
const TOKEN_LENGTH = 32;

export async function microk8s(node: Microk8sNode, call: ProgramCall): Promise<Reply> {
    const [verb, ...args] = call.args;
    if (!call.privileged)
        return printed(
            "Insufficient permissions to access MicroK8s.\n" +
                "You can either try again with sudo or add the user to the 'microk8s' group.",
        );
    switch (verb) {
        case "join":
            return join(node, args);
        case "leave":
            return args.length > 0 ? unsupported(`microk8s leave ${args[0]}`) : leave(node);
        case "start":
        case "stop":
            if (args.length > 0) return unsupported(`microk8s ${verb} ${args[0]}`);
            node.running = verb === "start";
            return said(verb === "start" ? "Started." : "Stopped.");
        case "version":
            return said(`MicroK8s ${node.release.version} revision ${node.release.revision}`);
        case "config":
            return config(node, args);
    }
    if (node.isWorker) return printed(workerText(verb));
    switch (verb) {
        case "status":
            return status(node, { ...call, args });
        case "add-node":
            return addNode(node, args);
        case "remove-node":
            return removeNode(node, args);
        case "enable":
        case "disable":
            return node.running ? xable(node, verb, args) : printed("microk8s is not running, try microk8s start");
        case "kubectl":
            return node.running
                ? kubectl(node.cluster.rest, { ...call, args }, node.place.surroundings.milliseconds)
                : failed(
                      `The connection to the server 127.0.0.1:16443 was refused - did you specify the right host or port?`,
                  );
        default:
            return unsupported(`microk8s ${verb ?? ""}`);
    }
}

const printed = (out: string, code = 1): Reply => ({ code, out: `${out}\n`, err: "" });

const workerText = (verb: string) =>
    `This MicroK8s deployment is acting as a node in a cluster. Please use the microk8s ${verb} on the master.`;

/**
 * `microk8s config`. The kubeconfig has the address of the sandbox's control plane, not `<address>:16443` of the host. The
 * names of cluster, user and context are the names that MicroK8s uses. On a worker, the command prints a message and exits
 * with 0.
 */
function config(node: Microk8sNode, args: string[]): Reply {
    const odd = args.find((arg) => !["-l", "--use-loopback"].includes(arg));
    if (odd) return unsupported(`microk8s config ${odd}`);
    if (node.isWorker) return said(workerText("config"));
    const given = parse(node.cluster.rest.kubeconfig) as Kubeconfig;
    const { cluster } = given.clusters[0];
    const names = { cluster: "microk8s-cluster", user: "admin" };
    return said(
        stringify({
            apiVersion: "v1",
            clusters: [{ cluster, name: names.cluster }],
            contexts: [{ context: names, name: "microk8s" }],
            "current-context": "microk8s",
            kind: "Config",
            preferences: {},
            users: [{ name: names.user, user: given.users[0].user }],
        }),
    );
}

interface Kubeconfig {
    clusters: { cluster: object }[];
    users: { user: object }[];
}

function addNode(node: Microk8sNode, args: string[]): Reply {
    const { found, rest, odd } = readOptions(args, {
        "--token": "value",
        "-t": "--token",
        "--token-ttl": "value",
        "-l": "--token-ttl",
        "--format": "value",
    });
    if (odd ?? rest[0]) return unsupported(`microk8s add-node ${odd ?? rest[0]}`);
    const format = found["--format"] ?? "pretty";
    const ttl = Number(found["--token-ttl"] ?? -1);
    if (!Number.isInteger(ttl)) return failed("argument --token-ttl/-l: invalid int value", 2);
    const token = found["--token"] ?? randomBytes(16).toString("hex");
    if (token.length < TOKEN_LENGTH) return printed("Invalid token size.  It must be 32 characters long.");
    const { files, address } = node.place;
    const check = files.fingerprint().slice(0, CHECK_LENGTH);
    const url = `${address}:${AGENT_PORT}/${token}/${check}`;
    const texts: Record<string, string> = {
        pretty:
            `From the node you wish to join to this cluster, run the following:\nmicrok8s join ${url}\n\n` +
            `Use the '--worker' flag to join a node as a worker not running the control plane, eg:\nmicrok8s join ${url} --worker`,
        short: `microk8s join ${url}`,
    };
    if (!Object.hasOwn(texts, format)) return unsupported(`microk8s add-node --format ${format}`);
    addToken(files, token, ttl);
    return said(texts[format]);
}

/** `microk8s enable` and `disable`: one add-on with arguments, or several add-ons, each with its arguments after a colon. */
async function xable(node: Microk8sNode, verb: "enable" | "disable", args: string[]): Promise<Reply> {
    const [first, ...more] = args;
    if (!first || first.startsWith("-")) return failed("Error: Missing argument 'ADDONS...'.", 2);
    const names = args.map((arg) => arg.split(":")[0].replace(/^core\//, ""));
    if (args.length > 1 && names.every((name) => ADDONS.some((addon) => addon.name === name))) {
        let all = said("WARNING: Do not enable or disable multiple addons in one command.");
        for (const arg of args) {
            const { code, out, err } = await xable(node, verb, [arg]);
            all = { code, out: all.out + out, err: all.err + err };
            if (code !== 0) break;
        }
        return all;
    }
    const [name, ...inline] = first.split(":");
    if (inline.length > 0 && more.length > 0)
        return printed("Can't pass string arguments and flag arguments simultaneously!");
    return node.enable(verb, name, inline.length > 0 ? inline : more);
}
