/**
 * A program of a host that is emulated outside of its folders: asked over HTTP, it replies in lines of `1 out`, `2 err`, and
 * `= exit code`. Bash speaks HTTP itself: a call takes 0.002 s of a core, with curl it was 0.014 s.
 * @param words what is sent, each ended by a NUL: words of sh
 * @param header the file with the header that lets a caller in
 */
export function relay(what: string, words: string, { url, header }: { url: string; header: string }): string {
    const { hostname, port } = new URL(url);
    return `#!/bin/bash
# Emulator: ${what} runs outside of this host's folders, and is asked over HTTP.
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
