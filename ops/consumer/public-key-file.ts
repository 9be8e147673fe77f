import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { PUBLIC_KEY_NAMES } from "../../components/consumers/signing-algorithms";

export function withPublicKey(command: Command): Command {
    return command.option(
        "--public-key-file <file>",
        `the caller's public key in PEM form, required with ${PUBLIC_KEY_NAMES} (default: none)`,
    );
}

/** Content of the file that `--public-key-file` names, and the problem of a file that cannot be read. */
export interface PublicKeyRead {
    publicKey?: string;
    problems: string[];
}

export function readPublicKey(file: string | undefined): PublicKeyRead {
    if (file === undefined) return { problems: [] };
    try {
        return { publicKey: readFileSync(file, "utf8").replaceAll("\r\n", "\n"), problems: [] };
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const problem = `--public-key-file: must be a file that can be read (got ${file}: ${code}). Correct the path.`;
        return { problems: [problem] };
    }
}
