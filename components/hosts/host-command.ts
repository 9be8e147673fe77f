import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { owner } from "../kubernetes/ownership";
import { connection, placeOf, type SshHost } from "./ssh-host";
import { commandLine } from "./ssh-script";

/** Actions of a host command, each as the words after the names of host and stack. */
export interface HostStep {
    on: SshHost;
    create: pulumi.Input<string>[];
    /** @default create */
    update?: pulumi.Input<string>[];
    /** @default nothing is done */
    delete?: string[];
    script: pulumi.Input<string>;
    /** The command is replaced when one of these values changes. */
    triggers?: string[];
}

/** A command as root on a host. Its script, which holds secrets, is read from standard input. */
export function hostCommand(
    name: string,
    { on, script, triggers, ...commands }: HostStep,
    opts: pulumi.CustomResourceOptions,
): command.remote.Command {
    const line = (words?: pulumi.Input<string>[]) =>
        words && pulumi.all(words).apply((all) => commandLine(placeOf(on), owner(), ...all));
    return new command.remote.Command(
        name,
        {
            connection: connection(on),
            create: line(commands.create),
            update: line(commands.update),
            delete: line(commands.delete),
            stdin: pulumi.secret(script),
            triggers,
            logging: command.remote.Logging.None,
            // SSH servers do not accept environment variables from clients, and the output of the last run is not used.
            addPreviousOutputInEnv: false,
        },
        { ...opts, deleteBeforeReplace: true, additionalSecretOutputs: ["stdin", "stdout", "stderr"] },
    );
}
