/**
 * A program of a host that is played outside of its folders: asked over HTTP, it replies in lines of `1 out`, `2 err`, and
 * `= exit code`.
 * @param words what is sent: a command of sh that prints it
 * @param header the file with the header that lets a caller in
 */
export function relay(what: string, words: string, { url, header }: { url: string; header: string }): string {
    return `#!/bin/sh
# Stand-in: ${what} runs outside of this host's folders, and is asked over HTTP.
${words} |
    curl -sS --noproxy '*' -H @${header} --data-binary @- ${url} | {
    code=1
    while IFS= read -r line; do
        case $line in
        "1 "*) printf '%s\\n' "\${line#??}" ;;
        "2 "*) printf '%s\\n' "\${line#??}" >&2 ;;
        "= "*) code=\${line#??} ;;
        esac
    done
    exit "$code"
}
`;
}
