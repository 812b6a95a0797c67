/** Why a node closes a connection, as the code of the WebSocket's close. */

/** The node ends, or the client has ended. */
export const goingAway = 1001;
export const tooLarge = 1009;
export const malformed = 4400;
export const unauthorized = 4401;
/** Nothing was heard for too long, or no hello came. */
export const silent = 4408;
export const version = 4426;
/** More messages than are allowed, or answers that are not taken. */
export const tooMuch = 4429;
