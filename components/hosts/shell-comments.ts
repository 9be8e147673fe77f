// Removes comments of shell scripts. It reads a script as far as needed to know where `#` begins a comment.

/** Constructs of the shell that end with a certain character. */
const ENDS: Record<string, string> = { '"': '"', "`": "`", "(": ")", "$(": ")", "${": "}" };

/** Arithmetic, in which `#` and `<<` are operators. */
const ARITHMETIC = String.raw`\$?\(\((?:[^()]|\([^()]*\))*\)\)`;
/** Characters without a meaning of their own, several at once. */
const PLAIN = String.raw`[\w./=:,@%+-]+`;
const DELIMITER = String.raw`(?:\\.|'[^'\n]*'|"[^"\n]*"|[^\s\\'"${"`"};&|<>()])+`;
/** The next part of a script: in commands, in double quotes, and in `${…}` outside of double quotes. */
const PARTS = {
    commands: new RegExp(
        String.raw`${PLAIN}|\\[^]|'[^']*'|${ARITHMETIC}|\$[({]|<<<|<<(?<dash>-?)[ \t]*(?<delimiter>${DELIMITER})|[^]`,
        "y",
    ),
    quotes: new RegExp(String.raw`${PLAIN}|\\[^]|\$[({]|[^]`, "y"),
    braces: new RegExp(String.raw`${PLAIN}|\\[^]|'[^']*'|\$[({]|[^]`, "y"),
};

/**
 * Removes the comments of a shell script, and lines that have nothing else. In a command substitution inside of double quotes,
 * write patterns of `case` with both parentheses: here, as in old shells, a single one ends the substitution.
 */
export function withoutComments(text: string): string {
    /** Constructs that are not closed yet, by their first characters. */
    const open: string[] = [];
    /** Here-documents whose text begins after this line, by a pattern of their last line. */
    let documents: RegExp[] = [];
    let sent = "";
    /** Lengths of `sent`: at the start of the line, and after the last part that is no blank. */
    let [line, word] = [0, 0];
    let isNewWord = true;
    for (let at = 0; at < text.length;) {
        const inside = open.at(-1);
        const kind = kindOf(open);
        if (text[at] === "#" && isNewWord && kind === "commands") {
            sent = sent.slice(0, Math.max(line, word));
            at = endOfComment(text, at, inside);
            if (sent.length === line && text[at] === "\n") at++;
            continue;
        }
        PARTS[kind].lastIndex = at;
        const { 0: part, groups } = PARTS[kind].exec(text)!;
        at += part.length;
        sent += part;
        if (groups?.delimiter !== undefined)
            documents.push(lastLine(groups.delimiter.replace(/[\\'"]/g, ""), groups.dash));
        const isEnd = inside !== undefined && part === ENDS[inside];
        if (isEnd) open.pop();
        else if (part in ENDS && (part !== "(" || kind === "commands")) open.push(part);
        if (part === "\n" && kind === "commands") {
            for (const document of documents) {
                const body = document.exec(text.slice(at))?.[0] ?? text.slice(at);
                at += body.length;
                sent += body;
            }
            documents = [];
        }
        if (part === "\n") line = sent.length;
        if (!/^[ \t\n]$/.test(part)) word = sent.length;
        // An escaped line break ends no word, and neither does the end of a substitution.
        if (part !== "\\\n") isNewWord = isEnd ? inside === "(" : /^([\s;&|()<>]|\$\(|`)$/.test(part);
    }
    return sent;
}

function kindOf(open: string[]): keyof typeof PARTS {
    const inside = open.at(-1);
    if (inside === '"') return "quotes";
    if (inside !== "${") return "commands";
    return open.slice(open.lastIndexOf("$(") + 1).includes('"') ? "quotes" : "braces";
}

/** The end of the line, or of the backquotes around the comment. */
function endOfComment(text: string, at: number, inside: string | undefined): number {
    const end = inside === "`" ? /[\n`]/g : /\n/g;
    end.lastIndex = at;
    return end.exec(text)?.index ?? text.length;
}

/** Pattern of the text of a here-document with its last line. Without such a line, the text is the rest of the script. */
function lastLine(delimiter: string, dash: string): RegExp {
    const end = delimiter.replace(/[^\w]/g, String.raw`\$&`);
    return new RegExp(String.raw`^(?:.*\n)*?${dash && "\\t*"}${end}(?:\n|$(?![^]))`);
}
