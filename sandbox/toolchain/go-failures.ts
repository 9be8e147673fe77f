import { ToolchainError } from "./errors";

/** Number of lines of a failed build's output that are shown. */
const SHOWN_LINES = 12;

/** Converts the output of a failed build into an error with a remedy and the last lines of the output. */
export function explain(tool: string, code: string, lines: string[]): ToolchainError {
    const text = lines.join("\n");
    const last = lines.slice(-SHOWN_LINES);
    const again = `node -r tsx/cjs sandbox/toolchain/main.ts ${tool}`;
    if (/no space left on device/.test(text)) {
        return new ToolchainError(
            `${tool}: the disk is full. Check with: df -h . "$(go env GOCACHE)". Free some space (go clean -cache) and run: ${again}`,
            last,
        );
    }
    if (/requires go >= |GOTOOLCHAIN=local/.test(text)) {
        return new ToolchainError(
            `${tool}: a newer Go is needed. Install it (https://go.dev/doc/install) and run: ${again}`,
            last,
        );
    }
    if (/checksum mismatch|SECURITY ERROR/.test(text)) {
        return new ToolchainError(
            `${tool}: a downloaded module is not the one in the checksum database. Remove it with: go clean -modcache. ` +
                "If this error occurs again, the module proxy in use (go env GOPROXY) serves another module.",
            last,
        );
    }
    if (
        /dial tcp|no such host|connection re(fused|set)|i\/o timeout|TLS handshake|proxyconnect|unexpected EOF|: (40[347]|410|429|50\d) /.test(
            text,
        )
    ) {
        return new ToolchainError(
            `${tool}: the Go module proxy is unreachable or rejects requests. Try: curl -sSI "$(go env GOPROXY | cut -d, -f1)". ` +
                `Set GOPROXY or HTTPS_PROXY if your network needs it, then run: ${again}`,
            last,
        );
    }
    return new ToolchainError(`${tool}: the build failed (go ended with ${code}). To repeat the build: ${again}`, last);
}
