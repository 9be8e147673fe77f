import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { owner } from "../kubernetes/ownership";
import { connection, placeOf, type SshHost } from "./ssh-host";
import { commandLine } from "./script";

/** One script on a host, and its arguments for each Pulumi operation. The names of host and stack come first. */
export interface HostStep {
    on: SshHost;
    create: pulumi.Input<string>[];
    /** @default none: a deletion runs no command */
    delete?: string[];
    script: pulumi.Input<string>;
}

/** A command that runs as root on a host. Its script, which contains secrets, is passed on standard input. */
export function hostCommand(
    name: string,
    { on, script, ...commands }: HostStep,
    opts: pulumi.CustomResourceOptions,
): command.remote.Command {
    const line = (words?: pulumi.Input<string>[]) =>
        words && pulumi.all(words).apply((all) => commandLine(placeOf(on), owner(), ...all));
    return new command.remote.Command(
        name,
        {
            connection: connection(on),
            create: line(commands.create),
            delete: line(commands.delete),
            stdin: pulumi.secret(script),
            logging: command.remote.Logging.None,
            // Pulumi would pass the output of the last run in environment variables, which SSH servers reject. No script
            // uses that output.
            addPreviousOutputInEnv: false,
        },
        // Deleting the old command after its replacement would remove what the replacement has installed.
        { ...opts, deleteBeforeReplace: true, additionalSecretOutputs: ["stdin", "stdout", "stderr"] },
    );
}
