/** Logins to registries of images, in English. */

export const registries = {
  lead: "With these lci pulls private images, for every project. A password is kept sealed, and never shown again.",
  none: "No login yet",
  noneLead: "Public images need none. Give lci one that may only read, or use the command line, which reads the password where nobody sees it:",
  add: "Add a login",
  registry: "Registry",
  username: "User name",
  usedBy: "Named by",
  nobody: "no project's settings",
  setAt: "Set",
  replace: "Replace",
  replaceTitle: (host: string) => `Replace the login to ${host}`,
  saved: (host: string) => `The login to ${host} is kept. It counts from the next image that is pulled.`,
  remove: "Remove",
  removeAsk: (host: string) => `Remove the login to ${host}?`,
  removeWhat: (username: string, used: string[]) =>
    `The password of ${username} is gone for good.${used.length ? ` Images of ${used.join(", ")} come from there: private ones are pulled no more, unless docker login on the host opens it.` : " No project's settings name an image from there."}`,
  removeDo: "Remove for good",

  field: {
    registry_host: "Registry",
    registry_hostHelp: "Its host, as images name it: ghcr.io, registry.example:5000; docker.io is Docker Hub.",
    registry_username: "User name",
    registry_password: "Password or token",
    registry_passwordHelp: "Best a token that may only read: whoever pushes to a project can use every image that it opens.",
  },
};
