/** The kinds of failures of the real program, which have different effects for users. */

/** Errors that Rampart reports. The webhook rejects the graph with 403, the controller writes the errors into the status. */
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

/**
 * An exception that the real program does not catch. If the webhook throws it, the webhook answers 500. If the
 * controller throws it, the controller process exits. The message is copied from Python.
 */
export class Crash extends Error {}

/** The deployment task was cancelled, because the graph was changed or deleted. */
export class Cancelled extends Error {}

/** The controller process ended, without cleanup. */
export class Killed extends Error {}

/**
 * Joins the errors of several steps. Each error appears only once, because the real program collects errors in a set.
 * @returns undefined if there is no error
 */
export function collect(during: "validation" | "deployment", problems: unknown[]): GraphErrors | undefined {
    const texts = new Set<string>();
    for (const problem of problems) {
        if (problem instanceof GraphErrors) problem.errors.forEach((text) => texts.add(text));
        else texts.add(problem instanceof Error ? problem.message : String(problem));
    }
    return texts.size === 0 ? undefined : new GraphErrors(during, [...texts]);
}
