import { scriptFile } from "../script-file";
import { scriptAsRoot } from "../ssh-script";
import type { BareMetalArgs } from "./settings";

const AS_ROOT = scriptFile(__dirname, "bare-metal.sh")();

/**
 * Shell script for a bare-metal host, with the sudo password. Its arguments select start, stop or the check that Alpa
 * answers.
 */
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
