/** Exit codes of every command. */
export const EXIT = { done: 0, failure: 1, usage: 2, findings: 3 } as const;

/** What each says, for the help of the program; docs/reference/command-line.md says the same. */
export const MEANINGS: Record<number, string> = {
    [EXIT.done]: "done, or shown without --yes; a check has found nothing",
    [EXIT.failure]: "failure of this program, of Pulumi, of a system or of the network",
    [EXIT.usage]: "usage error: correct the command line or the config; nothing was changed",
    [EXIT.findings]: "findings: a check has found what it looks for; nothing was changed",
};
