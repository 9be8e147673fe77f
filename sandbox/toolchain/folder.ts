import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { ToolchainError } from "./errors";

/**
 * Creates a folder, and its parents, if it does not exist.
 * @param variable environment variable that selects the folder
 * @throws ToolchainError if this user cannot create it or write to it
 */
export function createFolder(folder: string, variable: string, mode?: number): void {
    try {
        create(folder, mode);
        accessSync(`${folder}/.`, constants.W_OK); // the dot makes a file an error
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new ToolchainError(
            `${variable}: ${folder} cannot be created or written (${code}). Set ${variable} to a folder that you can write.`,
        );
    }
}

/** One folder at a time: with the option `recursive`, Node.js 20 never returns if the system cannot create a folder in /proc. */
function create(folder: string, mode: number | undefined): void {
    if (existsSync(folder)) return;
    create(dirname(folder), mode);
    try {
        mkdirSync(folder, { mode });
    } catch (error) {
        // Another process has just created it.
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
}
