/** Writes log lines to stderr in cloudflared's format: `<time> INF <message> key=value …`. */

export const LEVELS = ["debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof LEVELS)[number];

const SHORT: Record<Level, string> = { debug: "DBG", info: "INF", warn: "WRN", error: "ERR", fatal: "FTL" };

type Fields = Record<string, string | number>;
export type Log = (level: Level, message: string, fields?: Fields) => void;

export function createLog(least: Level, write: (text: string) => void): Log {
    return (level, message, fields = {}) => {
        if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return;
        const time = new Date().toISOString().replace(/\.\d+Z$/, "Z");
        const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${quoted(String(value))}`);
        write(`${time} ${SHORT[level]} ${message}${pairs.join("")}\n`);
    };
}

const quoted = (text: string): string => (/[\s"=]/.test(text) || text === "" ? JSON.stringify(text) : text);
