/** What lci runs on, and what is wrong with that, in Korean. */

import type { system as english } from "../en/system.ts";

export const system: typeof english = {
  isolation: "빌드의 벽",
  enforced: "빌드는 인터넷에는 닿지만 이 호스트와 그 네트워크에는 닿지 못합니다.",
  degraded: "벽이 없습니다. 빌드가 이 호스트와 그 네트워크에 닿을 수 있습니다. lci는 자신의 포트에서만 빌드를 막습니다.",
  reason: (why) => `이유: ${why}.`,
  troubles: "이 컴퓨터의 문제",
  docker: "Docker가 응답하지 않습니다. 빌드, 배포, 재시작을 할 수 없습니다. 서비스는 컨테이너가 떠 있는 동안 계속됩니다.",
  disk: (free) => `디스크가 ${free}밖에 남지 않았습니다. 가득 차면 빌드가 실패합니다.`,
  held: "지금은 빌드가 시작되지 않습니다. 요청된 빌드는 순서대로 기다립니다. lci의 디스크가 가득 찼거나 읽기 전용이거나 고장 났습니다.",
  walls: "빌드와 이 호스트 및 네트워크 사이에 벽이 없습니다.",
  details: "자세히",
};
