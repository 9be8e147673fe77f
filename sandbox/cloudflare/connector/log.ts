/** Writes log lines in cloudflared's format: `<time> INF <message> key=value …`. */
export type Log = (level: "INF" | "WRN" | "ERR", message: string) => void;

export const createLog =
    (write: (text: string) => void): Log =>
    (level, message) =>
        write(`${new Date().toISOString().replace(/\.\d+Z$/, "Z")} ${level} ${message}\n`);
