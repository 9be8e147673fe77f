/**
 * A program of a host that is emulated outside of its folders. It is called over HTTP, and replies with lines of `1 out`, `2
 * err`, and `= exit code`. Bash itself sends the HTTP request: a call takes 0.002 s of a core, and took 0.014 s with curl.
 * @param words the request, words of sh, each ended by a NUL
 * @param header the file with the header that authenticates callers
 */
export function relay(what: string, words: string, { url, header }: { url: string; header: string }): string {
    const { hostname, port } = new URL(url);
    return `#!/bin/bash
# Emulator: ${what} runs outside of this host's folders, and is called over HTTP.
LC_ALL=C
set -- ${words}
size=0
for word; do size=$((size + \${#word} + 1)); done
read -r header <${header} && exec 3<>/dev/tcp/${hostname}/${port} || exit 1
{
    printf 'POST / HTTP/1.0\\r\\n%s\\r\\nContent-Length: %d\\r\\n\\r\\n' "$header" $size
    printf '%s\\0' "$@"
} >&3
code=1
while IFS= read -r line; do
    case $line in
    "1 "*) printf '%s\\n' "\${line#??}" ;;
    "2 "*) printf '%s\\n' "\${line#??}" >&2 ;;
    "= "*) code=\${line#??} ;;
    esac
done <&3
exit "$code"
`;
}
