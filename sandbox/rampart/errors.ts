/** The three kinds of failure of the real program, which users see differently. */

/** Errors that Rampart reports: the webhook rejects with 403, the controller writes them to the status. */
export class GraphErrors extends Error {
    constructor(
        readonly during: "validation" | "deployment",
        readonly errors: string[],
    ) {
        super(errors.join("\n"));
    }

    /** Text for status.messages ("occured" is the real program's spelling). */
    get messages(): string {
        return `The following errors occured during ${this.during}:\n${this.errors.map((e) => `${e}\n\n`).join("")}`;
    }
}

/** An uncaught exception: the webhook answers 500, the controller process exits. The message is Python's. */
export class Crash extends Error {}

/** The deployment task was cancelled, because the graph was changed or deleted. */
export class Cancelled extends Error {}

/** The controller process ended, without cleanup. */
export class Killed extends Error {}

/** Errors of several steps, without duplicates, as in the set of the real program. */
export function collect(during: "validation" | "deployment", problems: unknown[]): GraphErrors | undefined {
    const texts = new Set<string>();
    for (const problem of problems) {
        if (problem instanceof GraphErrors) problem.errors.forEach((text) => texts.add(text));
        else texts.add(problem instanceof Error ? problem.message : String(problem));
    }
    return texts.size === 0 ? undefined : new GraphErrors(during, [...texts]);
}
