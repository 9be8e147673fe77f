/**
 * Returns the shell script that is installed on a host for a program that this process emulates. The script calls the
 * emulator over HTTP.
 * The response has lines `1 <output>`, `2 <error output>` and `= <exit code>`.
 * The script sends the HTTP request with Bash instead of curl, because this takes 0.002 s of CPU time instead of 0.014
 * s.
 * @param words shell words. The script sends the value of each word, followed by a NUL
 * @param header the file with the header that authenticates callers
 */
export function relay(words: string, { url, header }: { url: string; header: string }): string {
    const { hostname, port } = new URL(url);
    return `#!/bin/bash
# Emulator: this program runs outside of this host's folders, and is called over HTTP.
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
