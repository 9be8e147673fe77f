/** What a program that is played says when it ends. */
export interface Reply {
    code: number;
    out: string;
    err: string;
}

/** Ended well, having said this. */
export const said = (out = ""): Reply => ({ code: 0, out: line(out), err: "" });

/** Ended with a code, having said this on standard error. */
export const failed = (err: string, code = 1): Reply => ({ code, out: "", err: line(err) });

/** For whatever a stand-in does not do. */
export const notImitated = (what: string): Reply => failed(`sandbox: ${what} is not imitated`, 70);

const line = (text: string) => (text === "" || text.endsWith("\n") ? text : `${text}\n`);
