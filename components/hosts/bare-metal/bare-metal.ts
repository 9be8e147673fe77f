import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { BareMetalArgs } from "./settings";
import { hostCommand } from "../host-command";
import { scriptFile, scriptAsRoot } from "../script";
import { placeOf, type SshHost } from "../ssh-host";

/**
 * Starts or stops Alpa on bare metal. A stop waits for requests in progress, and is complete when every GPU is free. A start
 * needs free GPUs, and is complete when Alpa answers with its model loaded. If Alpa is already in the required state, it is
 * not changed.
 *
 * Afterwards the hosts belong to this stack, and reject the scripts of other stacks. Deleting this resource only ends this
 * ownership: Alpa keeps its state.
 */
export class BareMetal extends pulumi.ComponentResource {
    constructor(name: string, args: BareMetalArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:BareMetal", name, {}, opts);
        const { hosts, running, portShared, attempt, back } = args;

        const ask = (
            host: SshHost,
            what: string,
            words: pulumi.Input<string>[],
            dependsOn: pulumi.Resource[],
            more: { delete?: string[] } = {},
        ) => {
            const script = pulumi.output(host.sudoPassword).apply((password) => bareMetalScript(args, password));
            const create = [...words, ...(back ? ["back"] : []), `attempt=${attempt}`];
            return hostCommand(`${name}-${what}`, { on: host, create, script, ...more }, { parent: this, dependsOn });
        };
        // A host that restarts must not start Alpa while the component has the GPUs.
        const boot = `boot=${running ? "as-found" : "never"}`;
        const before: command.remote.Command[] = [];
        // The head is first, for start and stop: workers join it, and it distributes the work.
        hosts.forEach((host, i) => {
            const start = ["start", ...(i === 0 ? [] : [runOf(before[0])]), boot];
            const stop = ["stop", ...(i === 0 ? ["after-answers"] : []), boot];
            before.push(ask(host, placeOf(host), running ? start : stop, before.slice(-1), { delete: ["release"] }));
        });
        const workers = hosts.slice(1);
        const look = [running ? "holds" : "rests"];
        const seen = workers.map((host) => ask(host, `${placeOf(host)}-look`, look, before.slice(-1)));
        const stopped = portShared ? "rests" : "silent";
        ask(hosts[0], "alpa", [running ? "answers" : stopped], [...before.slice(-1), ...seen]);

        this.registerOutputs({});
    }
}

/** Argument for a worker's script: the Ray run that the worker must join. The head's script prints the id of the run. */
function runOf(head: command.remote.Command): pulumi.Output<string> {
    return pulumi
        .unsecret(head.stdout)
        .apply((said) => `head=${/runs: (\S+)\s*$/.exec(said ?? "")?.[1] ?? "as-found"}`);
}

const AS_ROOT = scriptFile(__dirname, "bare-metal.sh")();

/** Script for a host. Its arguments select start, stop or a check. */
export function bareMetalScript(args: BareMetalArgs, sudoPassword?: string): string {
    const { how, alpaHost, port, stopTimeoutSeconds, startTimeoutSeconds, answerTimeoutSeconds } = args;
    const commands = "commands" in how ? how.commands : { start: "", stop: "" };
    const variables = {
        unit: "unit" in how ? how.unit : "",
        start_command: commands.start,
        stop_command: commands.stop,
        alpa_host: alpaHost,
        port: `${port}`,
        stop_seconds: `${stopTimeoutSeconds}`,
        start_seconds: `${startTimeoutSeconds}`,
        answer_seconds: `${answerTimeoutSeconds}`,
    };
    return scriptAsRoot(AS_ROOT, variables, sudoPassword);
}
