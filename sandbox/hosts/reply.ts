/** Output and exit code of an emulated program. */
export interface Reply {
    code: number;
    out: string;
    err: string;
}

/** Ended well, having said this. */
export const said = (out = ""): Reply => ({ code: 0, out: line(out), err: "" });

/** Ended with a code, having said this on standard error. */
export const failed = (err: string, code = 1): Reply => ({ code, out: "", err: line(err) });

/** For everything that an emulator does not do. */
export const unsupported = (what: string): Reply => failed(`unsupported by the sandbox: ${what}`, 70);

const line = (text: string) => (text === "" || text.endsWith("\n") ? text : `${text}\n`);
