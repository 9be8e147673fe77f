import { hostname, userInfo } from "node:os";

/** User and host of this process, `ada@ops`. A container's user may have only a number. */
export function whoAmI(user = () => userInfo().username): string {
    try {
        return `${user()}@${hostname()}`;
    } catch {
        return `uid ${process.getuid?.()}@${hostname()}`;
    }
}
