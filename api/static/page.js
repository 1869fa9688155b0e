// All that scripts add; every page works without them.
"use strict";
