/** Exit codes of every command. */
export const EXIT = { done: 0, failure: 1, usage: 2, findings: 3 } as const;

/** Meaning of each code for the program's help, the same as in docs/reference/command-line.md. */
export const MEANINGS: Record<number, string> = {
    [EXIT.done]: "success: a change was made (or only shown, without --yes), or a check found nothing",
    [EXIT.failure]: "failure of this program, of Pulumi, of a system or of the network",
    [EXIT.usage]: "usage error: correct the command line or the config; nothing was changed",
    [EXIT.findings]: "findings of a check; nothing was changed",
};
