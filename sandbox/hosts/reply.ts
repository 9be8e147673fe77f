/** Output and exit code of an emulated program. */
export interface Reply {
    code: number;
    out: string;
    err: string;
}

/** A reply with exit code 0 and this output. */
export const said = (out = ""): Reply => ({ code: 0, out: line(out), err: "" });

/** A reply with a message on standard error and an exit code. */
export const failed = (err: string, code = 1): Reply => ({ code, out: "", err: line(err) });

/** The failure of an unsupported command. */
export const unsupported = (what: string): Reply => failed(`unsupported by the sandbox: ${what}`, 70);

const line = (text: string) => (text === "" || text.endsWith("\n") ? text : `${text}\n`);
