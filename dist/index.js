import { createRequire as __WEBPACK_EXTERNAL_createRequire } from "module";
/******/ var __webpack_modules__ = ({

/***/ 770:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {

module.exports = __nccwpck_require__(218);


/***/ }),

/***/ 218:
/***/ ((__unused_webpack_module, exports, __nccwpck_require__) => {

var __webpack_unused_export__;


var net = __nccwpck_require__(278);
var tls = __nccwpck_require__(756);
var http = __nccwpck_require__(611);
var https = __nccwpck_require__(692);
var events = __nccwpck_require__(434);
var assert = __nccwpck_require__(613);
var util = __nccwpck_require__(23);


exports.httpOverHttp = httpOverHttp;
exports.httpsOverHttp = httpsOverHttp;
exports.httpOverHttps = httpOverHttps;
exports.httpsOverHttps = httpsOverHttps;


function httpOverHttp(options) {
  var agent = new TunnelingAgent(options);
  agent.request = http.request;
  return agent;
}

function httpsOverHttp(options) {
  var agent = new TunnelingAgent(options);
  agent.request = http.request;
  agent.createSocket = createSecureSocket;
  agent.defaultPort = 443;
  return agent;
}

function httpOverHttps(options) {
  var agent = new TunnelingAgent(options);
  agent.request = https.request;
  return agent;
}

function httpsOverHttps(options) {
  var agent = new TunnelingAgent(options);
  agent.request = https.request;
  agent.createSocket = createSecureSocket;
  agent.defaultPort = 443;
  return agent;
}


function TunnelingAgent(options) {
  var self = this;
  self.options = options || {};
  self.proxyOptions = self.options.proxy || {};
  self.maxSockets = self.options.maxSockets || http.Agent.defaultMaxSockets;
  self.requests = [];
  self.sockets = [];

  self.on('free', function onFree(socket, host, port, localAddress) {
    var options = toOptions(host, port, localAddress);
    for (var i = 0, len = self.requests.length; i < len; ++i) {
      var pending = self.requests[i];
      if (pending.host === options.host && pending.port === options.port) {
        // Detect the request to connect same origin server,
        // reuse the connection.
        self.requests.splice(i, 1);
        pending.request.onSocket(socket);
        return;
      }
    }
    socket.destroy();
    self.removeSocket(socket);
  });
}
util.inherits(TunnelingAgent, events.EventEmitter);

TunnelingAgent.prototype.addRequest = function addRequest(req, host, port, localAddress) {
  var self = this;
  var options = mergeOptions({request: req}, self.options, toOptions(host, port, localAddress));

  if (self.sockets.length >= this.maxSockets) {
    // We are over limit so we'll add it to the queue.
    self.requests.push(options);
    return;
  }

  // If we are under maxSockets create a new one.
  self.createSocket(options, function(socket) {
    socket.on('free', onFree);
    socket.on('close', onCloseOrRemove);
    socket.on('agentRemove', onCloseOrRemove);
    req.onSocket(socket);

    function onFree() {
      self.emit('free', socket, options);
    }

    function onCloseOrRemove(err) {
      self.removeSocket(socket);
      socket.removeListener('free', onFree);
      socket.removeListener('close', onCloseOrRemove);
      socket.removeListener('agentRemove', onCloseOrRemove);
    }
  });
};

TunnelingAgent.prototype.createSocket = function createSocket(options, cb) {
  var self = this;
  var placeholder = {};
  self.sockets.push(placeholder);

  var connectOptions = mergeOptions({}, self.proxyOptions, {
    method: 'CONNECT',
    path: options.host + ':' + options.port,
    agent: false,
    headers: {
      host: options.host + ':' + options.port
    }
  });
  if (options.localAddress) {
    connectOptions.localAddress = options.localAddress;
  }
  if (connectOptions.proxyAuth) {
    connectOptions.headers = connectOptions.headers || {};
    connectOptions.headers['Proxy-Authorization'] = 'Basic ' +
        new Buffer(connectOptions.proxyAuth).toString('base64');
  }

  debug('making CONNECT request');
  var connectReq = self.request(connectOptions);
  connectReq.useChunkedEncodingByDefault = false; // for v0.6
  connectReq.once('response', onResponse); // for v0.6
  connectReq.once('upgrade', onUpgrade);   // for v0.6
  connectReq.once('connect', onConnect);   // for v0.7 or later
  connectReq.once('error', onError);
  connectReq.end();

  function onResponse(res) {
    // Very hacky. This is necessary to avoid http-parser leaks.
    res.upgrade = true;
  }

  function onUpgrade(res, socket, head) {
    // Hacky.
    process.nextTick(function() {
      onConnect(res, socket, head);
    });
  }

  function onConnect(res, socket, head) {
    connectReq.removeAllListeners();
    socket.removeAllListeners();

    if (res.statusCode !== 200) {
      debug('tunneling socket could not be established, statusCode=%d',
        res.statusCode);
      socket.destroy();
      var error = new Error('tunneling socket could not be established, ' +
        'statusCode=' + res.statusCode);
      error.code = 'ECONNRESET';
      options.request.emit('error', error);
      self.removeSocket(placeholder);
      return;
    }
    if (head.length > 0) {
      debug('got illegal response body from proxy');
      socket.destroy();
      var error = new Error('got illegal response body from proxy');
      error.code = 'ECONNRESET';
      options.request.emit('error', error);
      self.removeSocket(placeholder);
      return;
    }
    debug('tunneling connection has established');
    self.sockets[self.sockets.indexOf(placeholder)] = socket;
    return cb(socket);
  }

  function onError(cause) {
    connectReq.removeAllListeners();

    debug('tunneling socket could not be established, cause=%s\n',
          cause.message, cause.stack);
    var error = new Error('tunneling socket could not be established, ' +
                          'cause=' + cause.message);
    error.code = 'ECONNRESET';
    options.request.emit('error', error);
    self.removeSocket(placeholder);
  }
};

TunnelingAgent.prototype.removeSocket = function removeSocket(socket) {
  var pos = this.sockets.indexOf(socket)
  if (pos === -1) {
    return;
  }
  this.sockets.splice(pos, 1);

  var pending = this.requests.shift();
  if (pending) {
    // If we have pending requests and a socket gets closed a new one
    // needs to be created to take over in the pool for the one that closed.
    this.createSocket(pending, function(socket) {
      pending.request.onSocket(socket);
    });
  }
};

function createSecureSocket(options, cb) {
  var self = this;
  TunnelingAgent.prototype.createSocket.call(self, options, function(socket) {
    var hostHeader = options.request.getHeader('host');
    var tlsOptions = mergeOptions({}, self.options, {
      socket: socket,
      servername: hostHeader ? hostHeader.replace(/:.*$/, '') : options.host
    });

    // 0 is dummy port for v0.6
    var secureSocket = tls.connect(0, tlsOptions);
    self.sockets[self.sockets.indexOf(socket)] = secureSocket;
    cb(secureSocket);
  });
}


function toOptions(host, port, localAddress) {
  if (typeof host === 'string') { // since v0.10
    return {
      host: host,
      port: port,
      localAddress: localAddress
    };
  }
  return host; // for v0.11 or later
}

function mergeOptions(target) {
  for (var i = 1, len = arguments.length; i < len; ++i) {
    var overrides = arguments[i];
    if (typeof overrides === 'object') {
      var keys = Object.keys(overrides);
      for (var j = 0, keyLen = keys.length; j < keyLen; ++j) {
        var k = keys[j];
        if (overrides[k] !== undefined) {
          target[k] = overrides[k];
        }
      }
    }
  }
  return target;
}


var debug;
if (process.env.NODE_DEBUG && /\btunnel\b/.test(process.env.NODE_DEBUG)) {
  debug = function() {
    var args = Array.prototype.slice.call(arguments);
    if (typeof args[0] === 'string') {
      args[0] = 'TUNNEL: ' + args[0];
    } else {
      args.unshift('TUNNEL:');
    }
    console.error.apply(console, args);
  }
} else {
  debug = function() {};
}
__webpack_unused_export__ = debug; // for test


/***/ }),

/***/ 613:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("assert");

/***/ }),

/***/ 434:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("events");

/***/ }),

/***/ 611:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("http");

/***/ }),

/***/ 692:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("https");

/***/ }),

/***/ 278:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("net");

/***/ }),

/***/ 756:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("tls");

/***/ }),

/***/ 23:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("util");

/***/ })

/******/ });
/************************************************************************/
/******/ // The module cache
/******/ var __webpack_module_cache__ = {};
/******/ 
/******/ // The require function
/******/ function __nccwpck_require__(moduleId) {
/******/ 	// Check if module is in cache
/******/ 	var cachedModule = __webpack_module_cache__[moduleId];
/******/ 	if (cachedModule !== undefined) {
/******/ 		return cachedModule.exports;
/******/ 	}
/******/ 	// Create a new module (and put it into the cache)
/******/ 	var module = __webpack_module_cache__[moduleId] = {
/******/ 		// no module.id needed
/******/ 		// no module.loaded needed
/******/ 		exports: {}
/******/ 	};
/******/ 
/******/ 	// Execute the module function
/******/ 	var threw = true;
/******/ 	try {
/******/ 		__webpack_modules__[moduleId](module, module.exports, __nccwpck_require__);
/******/ 		threw = false;
/******/ 	} finally {
/******/ 		if(threw) delete __webpack_module_cache__[moduleId];
/******/ 	}
/******/ 
/******/ 	// Return the exports of the module
/******/ 	return module.exports;
/******/ }
/******/ 
/************************************************************************/
/******/ /* webpack/runtime/asset-relocator-loader */
/******/ if (typeof __nccwpck_require__ !== 'undefined') __nccwpck_require__.ab = decodeURIComponent(new URL('.', import.meta.url).pathname).slice(import.meta.url.match(/^file:\/\/\/\w:/) ? 1 : 0, -1) + "/";
/******/ 
/******/ /* webpack/runtime/create fake namespace object */
/******/ (() => {
/******/ 	var getProto = Object.getPrototypeOf ? (obj) => (Object.getPrototypeOf(obj)) : (obj) => (obj.__proto__);
/******/ 	var leafPrototypes;
/******/ 	// create a fake namespace object
/******/ 	// mode & 1: value is a module id, require it
/******/ 	// mode & 2: merge all properties of value into the ns
/******/ 	// mode & 4: return value when already ns object
/******/ 	// mode & 16: return value when it's Promise-like
/******/ 	// mode & 8|1: behave like require
/******/ 	__nccwpck_require__.t = function(value, mode) {
/******/ 		if(mode & 1) value = this(value);
/******/ 		if(mode & 8) return value;
/******/ 		if(typeof value === 'object' && value) {
/******/ 			if((mode & 4) && value.__esModule) return value;
/******/ 			if((mode & 16) && typeof value.then === 'function') return value;
/******/ 		}
/******/ 		var ns = Object.create(null);
/******/ 		__nccwpck_require__.r(ns);
/******/ 		var def = {};
/******/ 		leafPrototypes = leafPrototypes || [null, getProto({}), getProto([]), getProto(getProto)];
/******/ 		for(var current = mode & 2 && value; typeof current == 'object' && !~leafPrototypes.indexOf(current); current = getProto(current)) {
/******/ 			Object.getOwnPropertyNames(current).forEach((key) => (def[key] = () => (value[key])));
/******/ 		}
/******/ 		def['default'] = () => (value);
/******/ 		__nccwpck_require__.d(ns, def);
/******/ 		return ns;
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/define property getters */
/******/ (() => {
/******/ 	// define getter functions for harmony exports
/******/ 	__nccwpck_require__.d = (exports, definition) => {
/******/ 		for(var key in definition) {
/******/ 			if(__nccwpck_require__.o(definition, key) && !__nccwpck_require__.o(exports, key)) {
/******/ 				Object.defineProperty(exports, key, { enumerable: true, get: definition[key] });
/******/ 			}
/******/ 		}
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/hasOwnProperty shorthand */
/******/ (() => {
/******/ 	__nccwpck_require__.o = (obj, prop) => (Object.prototype.hasOwnProperty.call(obj, prop))
/******/ })();
/******/ 
/******/ /* webpack/runtime/make namespace object */
/******/ (() => {
/******/ 	// define __esModule on exports
/******/ 	__nccwpck_require__.r = (exports) => {
/******/ 		if(typeof Symbol !== 'undefined' && Symbol.toStringTag) {
/******/ 			Object.defineProperty(exports, Symbol.toStringTag, { value: 'Module' });
/******/ 		}
/******/ 		Object.defineProperty(exports, '__esModule', { value: true });
/******/ 	};
/******/ })();
/******/ 
/************************************************************************/
var __webpack_exports__ = {};

// NAMESPACE OBJECT: ./node_modules/@actions/core/lib/platform.js
var platform_namespaceObject = {};
__nccwpck_require__.r(platform_namespaceObject);
__nccwpck_require__.d(platform_namespaceObject, {
  arch: () => (arch),
  getDetails: () => (getDetails),
  isLinux: () => (isLinux),
  isMacOS: () => (isMacOS),
  isWindows: () => (isWindows),
  platform: () => (platform)
});

// NAMESPACE OBJECT: ./node_modules/@actions/core/lib/core.js
var core_namespaceObject = {};
__nccwpck_require__.r(core_namespaceObject);
__nccwpck_require__.d(core_namespaceObject, {
  ExitCode: () => (ExitCode),
  addPath: () => (addPath),
  debug: () => (debug),
  endGroup: () => (endGroup),
  error: () => (error),
  exportVariable: () => (exportVariable),
  getBooleanInput: () => (getBooleanInput),
  getIDToken: () => (getIDToken),
  getInput: () => (getInput),
  getMultilineInput: () => (getMultilineInput),
  getState: () => (getState),
  group: () => (group),
  info: () => (info),
  isDebug: () => (isDebug),
  markdownSummary: () => (markdownSummary),
  notice: () => (notice),
  platform: () => (platform_namespaceObject),
  saveState: () => (saveState),
  setCommandEcho: () => (setCommandEcho),
  setFailed: () => (setFailed),
  setOutput: () => (setOutput),
  setSecret: () => (setSecret),
  startGroup: () => (startGroup),
  summary: () => (summary),
  toPlatformPath: () => (toPlatformPath),
  toPosixPath: () => (toPosixPath),
  toWin32Path: () => (toWin32Path),
  warning: () => (warning)
});

;// CONCATENATED MODULE: external "os"
const external_os_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("os");
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/utils.js
// We use any as a valid input type
/* eslint-disable @typescript-eslint/no-explicit-any */
/**
 * Sanitizes an input into a string so it can be passed into issueCommand safely
 * @param input input to sanitize into a string
 */
function toCommandValue(input) {
    if (input === null || input === undefined) {
        return '';
    }
    else if (typeof input === 'string' || input instanceof String) {
        return input;
    }
    return JSON.stringify(input);
}
/**
 *
 * @param annotationProperties
 * @returns The command properties to send with the actual annotation command
 * See IssueCommandProperties: https://github.com/actions/runner/blob/main/src/Runner.Worker/ActionCommandManager.cs#L646
 */
function toCommandProperties(annotationProperties) {
    if (!Object.keys(annotationProperties).length) {
        return {};
    }
    return {
        title: annotationProperties.title,
        file: annotationProperties.file,
        line: annotationProperties.startLine,
        endLine: annotationProperties.endLine,
        col: annotationProperties.startColumn,
        endColumn: annotationProperties.endColumn
    };
}
//# sourceMappingURL=utils.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/command.js


/**
 * Issues a command to the GitHub Actions runner
 *
 * @param command - The command name to issue
 * @param properties - Additional properties for the command (key-value pairs)
 * @param message - The message to include with the command
 * @remarks
 * This function outputs a specially formatted string to stdout that the Actions
 * runner interprets as a command. These commands can control workflow behavior,
 * set outputs, create annotations, mask values, and more.
 *
 * Command Format:
 *   ::name key=value,key=value::message
 *
 * @example
 * ```typescript
 * // Issue a warning annotation
 * issueCommand('warning', {}, 'This is a warning message');
 * // Output: ::warning::This is a warning message
 *
 * // Set an environment variable
 * issueCommand('set-env', { name: 'MY_VAR' }, 'some value');
 * // Output: ::set-env name=MY_VAR::some value
 *
 * // Add a secret mask
 * issueCommand('add-mask', {}, 'secretValue123');
 * // Output: ::add-mask::secretValue123
 * ```
 *
 * @internal
 * This is an internal utility function that powers the public API functions
 * such as setSecret, warning, error, and exportVariable.
 */
function issueCommand(command, properties, message) {
    const cmd = new Command(command, properties, message);
    process.stdout.write(cmd.toString() + external_os_namespaceObject.EOL);
}
function issue(name, message = '') {
    issueCommand(name, {}, message);
}
const CMD_STRING = '::';
class Command {
    constructor(command, properties, message) {
        if (!command) {
            command = 'missing.command';
        }
        this.command = command;
        this.properties = properties;
        this.message = message;
    }
    toString() {
        let cmdStr = CMD_STRING + this.command;
        if (this.properties && Object.keys(this.properties).length > 0) {
            cmdStr += ' ';
            let first = true;
            for (const key in this.properties) {
                if (this.properties.hasOwnProperty(key)) {
                    const val = this.properties[key];
                    if (val) {
                        if (first) {
                            first = false;
                        }
                        else {
                            cmdStr += ',';
                        }
                        cmdStr += `${key}=${escapeProperty(val)}`;
                    }
                }
            }
        }
        cmdStr += `${CMD_STRING}${escapeData(this.message)}`;
        return cmdStr;
    }
}
function escapeData(s) {
    return toCommandValue(s)
        .replace(/%/g, '%25')
        .replace(/\r/g, '%0D')
        .replace(/\n/g, '%0A');
}
function escapeProperty(s) {
    return toCommandValue(s)
        .replace(/%/g, '%25')
        .replace(/\r/g, '%0D')
        .replace(/\n/g, '%0A')
        .replace(/:/g, '%3A')
        .replace(/,/g, '%2C');
}
//# sourceMappingURL=command.js.map
;// CONCATENATED MODULE: external "crypto"
const external_crypto_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("crypto");
;// CONCATENATED MODULE: external "fs"
const external_fs_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("fs");
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/file-command.js
// For internal use, subject to change.
// We use any as a valid input type
/* eslint-disable @typescript-eslint/no-explicit-any */




function issueFileCommand(command, message) {
    const filePath = process.env[`GITHUB_${command}`];
    if (!filePath) {
        throw new Error(`Unable to find environment variable for file command ${command}`);
    }
    if (!external_fs_namespaceObject.existsSync(filePath)) {
        throw new Error(`Missing file at path: ${filePath}`);
    }
    external_fs_namespaceObject.appendFileSync(filePath, `${toCommandValue(message)}${external_os_namespaceObject.EOL}`, {
        encoding: 'utf8'
    });
}
function prepareKeyValueMessage(key, value) {
    const delimiter = `ghadelimiter_${external_crypto_namespaceObject.randomUUID()}`;
    const convertedValue = toCommandValue(value);
    // These should realistically never happen, but just in case someone finds a
    // way to exploit uuid generation let's not allow keys or values that contain
    // the delimiter.
    if (key.includes(delimiter)) {
        throw new Error(`Unexpected input: name should not contain the delimiter "${delimiter}"`);
    }
    if (convertedValue.includes(delimiter)) {
        throw new Error(`Unexpected input: value should not contain the delimiter "${delimiter}"`);
    }
    return `${key}<<${delimiter}${external_os_namespaceObject.EOL}${convertedValue}${external_os_namespaceObject.EOL}${delimiter}`;
}
//# sourceMappingURL=file-command.js.map
;// CONCATENATED MODULE: external "path"
const external_path_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("path");
// EXTERNAL MODULE: external "http"
var external_http_ = __nccwpck_require__(611);
var external_http_namespaceObject = /*#__PURE__*/__nccwpck_require__.t(external_http_, 2);
// EXTERNAL MODULE: external "https"
var external_https_ = __nccwpck_require__(692);
var external_https_namespaceObject = /*#__PURE__*/__nccwpck_require__.t(external_https_, 2);
;// CONCATENATED MODULE: ./node_modules/@actions/http-client/lib/proxy.js
function getProxyUrl(reqUrl) {
    const usingSsl = reqUrl.protocol === 'https:';
    if (checkBypass(reqUrl)) {
        return undefined;
    }
    const proxyVar = (() => {
        if (usingSsl) {
            return process.env['https_proxy'] || process.env['HTTPS_PROXY'];
        }
        else {
            return process.env['http_proxy'] || process.env['HTTP_PROXY'];
        }
    })();
    if (proxyVar) {
        try {
            return new DecodedURL(proxyVar);
        }
        catch (_a) {
            if (!proxyVar.startsWith('http://') && !proxyVar.startsWith('https://'))
                return new DecodedURL(`http://${proxyVar}`);
        }
    }
    else {
        return undefined;
    }
}
function checkBypass(reqUrl) {
    if (!reqUrl.hostname) {
        return false;
    }
    const reqHost = reqUrl.hostname;
    if (isLoopbackAddress(reqHost)) {
        return true;
    }
    const noProxy = process.env['no_proxy'] || process.env['NO_PROXY'] || '';
    if (!noProxy) {
        return false;
    }
    // Determine the request port
    let reqPort;
    if (reqUrl.port) {
        reqPort = Number(reqUrl.port);
    }
    else if (reqUrl.protocol === 'http:') {
        reqPort = 80;
    }
    else if (reqUrl.protocol === 'https:') {
        reqPort = 443;
    }
    // Format the request hostname and hostname with port
    const upperReqHosts = [reqUrl.hostname.toUpperCase()];
    if (typeof reqPort === 'number') {
        upperReqHosts.push(`${upperReqHosts[0]}:${reqPort}`);
    }
    // Compare request host against noproxy
    for (const upperNoProxyItem of noProxy
        .split(',')
        .map(x => x.trim().toUpperCase())
        .filter(x => x)) {
        if (upperNoProxyItem === '*' ||
            upperReqHosts.some(x => x === upperNoProxyItem ||
                x.endsWith(`.${upperNoProxyItem}`) ||
                (upperNoProxyItem.startsWith('.') &&
                    x.endsWith(`${upperNoProxyItem}`)))) {
            return true;
        }
    }
    return false;
}
function isLoopbackAddress(host) {
    const hostLower = host.toLowerCase();
    return (hostLower === 'localhost' ||
        hostLower.startsWith('127.') ||
        hostLower.startsWith('[::1]') ||
        hostLower.startsWith('[0:0:0:0:0:0:0:1]'));
}
class DecodedURL extends URL {
    constructor(url, base) {
        super(url, base);
        this._decodedUsername = decodeURIComponent(super.username);
        this._decodedPassword = decodeURIComponent(super.password);
    }
    get username() {
        return this._decodedUsername;
    }
    get password() {
        return this._decodedPassword;
    }
}
//# sourceMappingURL=proxy.js.map
// EXTERNAL MODULE: ./node_modules/tunnel/index.js
var tunnel = __nccwpck_require__(770);
;// CONCATENATED MODULE: ./src/http/no-undici.ts
/**
 * Replaces undici in the bundle (tsconfig.json, `paths`). http-client loads that megabyte at startup only for
 * `getAgentDispatcher`, which provides proxies for fetch and is never called here.
 */
const ProxyAgent = undefined;

;// CONCATENATED MODULE: ./node_modules/@actions/http-client/lib/index.js
/* eslint-disable @typescript-eslint/no-explicit-any */
var __awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};





var HttpCodes;
(function (HttpCodes) {
    HttpCodes[HttpCodes["OK"] = 200] = "OK";
    HttpCodes[HttpCodes["MultipleChoices"] = 300] = "MultipleChoices";
    HttpCodes[HttpCodes["MovedPermanently"] = 301] = "MovedPermanently";
    HttpCodes[HttpCodes["ResourceMoved"] = 302] = "ResourceMoved";
    HttpCodes[HttpCodes["SeeOther"] = 303] = "SeeOther";
    HttpCodes[HttpCodes["NotModified"] = 304] = "NotModified";
    HttpCodes[HttpCodes["UseProxy"] = 305] = "UseProxy";
    HttpCodes[HttpCodes["SwitchProxy"] = 306] = "SwitchProxy";
    HttpCodes[HttpCodes["TemporaryRedirect"] = 307] = "TemporaryRedirect";
    HttpCodes[HttpCodes["PermanentRedirect"] = 308] = "PermanentRedirect";
    HttpCodes[HttpCodes["BadRequest"] = 400] = "BadRequest";
    HttpCodes[HttpCodes["Unauthorized"] = 401] = "Unauthorized";
    HttpCodes[HttpCodes["PaymentRequired"] = 402] = "PaymentRequired";
    HttpCodes[HttpCodes["Forbidden"] = 403] = "Forbidden";
    HttpCodes[HttpCodes["NotFound"] = 404] = "NotFound";
    HttpCodes[HttpCodes["MethodNotAllowed"] = 405] = "MethodNotAllowed";
    HttpCodes[HttpCodes["NotAcceptable"] = 406] = "NotAcceptable";
    HttpCodes[HttpCodes["ProxyAuthenticationRequired"] = 407] = "ProxyAuthenticationRequired";
    HttpCodes[HttpCodes["RequestTimeout"] = 408] = "RequestTimeout";
    HttpCodes[HttpCodes["Conflict"] = 409] = "Conflict";
    HttpCodes[HttpCodes["Gone"] = 410] = "Gone";
    HttpCodes[HttpCodes["TooManyRequests"] = 429] = "TooManyRequests";
    HttpCodes[HttpCodes["InternalServerError"] = 500] = "InternalServerError";
    HttpCodes[HttpCodes["NotImplemented"] = 501] = "NotImplemented";
    HttpCodes[HttpCodes["BadGateway"] = 502] = "BadGateway";
    HttpCodes[HttpCodes["ServiceUnavailable"] = 503] = "ServiceUnavailable";
    HttpCodes[HttpCodes["GatewayTimeout"] = 504] = "GatewayTimeout";
})(HttpCodes || (HttpCodes = {}));
var Headers;
(function (Headers) {
    Headers["Accept"] = "accept";
    Headers["ContentType"] = "content-type";
})(Headers || (Headers = {}));
var MediaTypes;
(function (MediaTypes) {
    MediaTypes["ApplicationJson"] = "application/json";
})(MediaTypes || (MediaTypes = {}));
/**
 * Returns the proxy URL, depending upon the supplied url and proxy environment variables.
 * @param serverUrl  The server URL where the request will be sent. For example, https://api.github.com
 */
function lib_getProxyUrl(serverUrl) {
    const proxyUrl = pm.getProxyUrl(new URL(serverUrl));
    return proxyUrl ? proxyUrl.href : '';
}
const HttpRedirectCodes = [
    HttpCodes.MovedPermanently,
    HttpCodes.ResourceMoved,
    HttpCodes.SeeOther,
    HttpCodes.TemporaryRedirect,
    HttpCodes.PermanentRedirect
];
const HttpResponseRetryCodes = [
    HttpCodes.BadGateway,
    HttpCodes.ServiceUnavailable,
    HttpCodes.GatewayTimeout
];
const RetryableHttpVerbs = ['OPTIONS', 'GET', 'DELETE', 'HEAD'];
const ExponentialBackoffCeiling = 10;
const ExponentialBackoffTimeSlice = 5;
class HttpClientError extends Error {
    constructor(message, statusCode) {
        super(message);
        this.name = 'HttpClientError';
        this.statusCode = statusCode;
        Object.setPrototypeOf(this, HttpClientError.prototype);
    }
}
class HttpClientResponse {
    constructor(message) {
        this.message = message;
    }
    readBody() {
        return __awaiter(this, void 0, void 0, function* () {
            return new Promise((resolve) => __awaiter(this, void 0, void 0, function* () {
                let output = Buffer.alloc(0);
                this.message.on('data', (chunk) => {
                    output = Buffer.concat([output, chunk]);
                });
                this.message.on('end', () => {
                    resolve(output.toString());
                });
            }));
        });
    }
    readBodyBuffer() {
        return __awaiter(this, void 0, void 0, function* () {
            return new Promise((resolve) => __awaiter(this, void 0, void 0, function* () {
                const chunks = [];
                this.message.on('data', (chunk) => {
                    chunks.push(chunk);
                });
                this.message.on('end', () => {
                    resolve(Buffer.concat(chunks));
                });
            }));
        });
    }
}
function isHttps(requestUrl) {
    const parsedUrl = new URL(requestUrl);
    return parsedUrl.protocol === 'https:';
}
class HttpClient {
    constructor(userAgent, handlers, requestOptions) {
        this._ignoreSslError = false;
        this._allowRedirects = true;
        this._allowRedirectDowngrade = false;
        this._maxRedirects = 50;
        this._allowRetries = false;
        this._maxRetries = 1;
        this._keepAlive = false;
        this._disposed = false;
        this.userAgent = this._getUserAgentWithOrchestrationId(userAgent);
        this.handlers = handlers || [];
        this.requestOptions = requestOptions;
        if (requestOptions) {
            if (requestOptions.ignoreSslError != null) {
                this._ignoreSslError = requestOptions.ignoreSslError;
            }
            this._socketTimeout = requestOptions.socketTimeout;
            if (requestOptions.allowRedirects != null) {
                this._allowRedirects = requestOptions.allowRedirects;
            }
            if (requestOptions.allowRedirectDowngrade != null) {
                this._allowRedirectDowngrade = requestOptions.allowRedirectDowngrade;
            }
            if (requestOptions.maxRedirects != null) {
                this._maxRedirects = Math.max(requestOptions.maxRedirects, 0);
            }
            if (requestOptions.keepAlive != null) {
                this._keepAlive = requestOptions.keepAlive;
            }
            if (requestOptions.allowRetries != null) {
                this._allowRetries = requestOptions.allowRetries;
            }
            if (requestOptions.maxRetries != null) {
                this._maxRetries = requestOptions.maxRetries;
            }
        }
    }
    options(requestUrl, additionalHeaders) {
        return __awaiter(this, void 0, void 0, function* () {
            return this.request('OPTIONS', requestUrl, null, additionalHeaders || {});
        });
    }
    get(requestUrl, additionalHeaders) {
        return __awaiter(this, void 0, void 0, function* () {
            return this.request('GET', requestUrl, null, additionalHeaders || {});
        });
    }
    del(requestUrl, additionalHeaders) {
        return __awaiter(this, void 0, void 0, function* () {
            return this.request('DELETE', requestUrl, null, additionalHeaders || {});
        });
    }
    post(requestUrl, data, additionalHeaders) {
        return __awaiter(this, void 0, void 0, function* () {
            return this.request('POST', requestUrl, data, additionalHeaders || {});
        });
    }
    patch(requestUrl, data, additionalHeaders) {
        return __awaiter(this, void 0, void 0, function* () {
            return this.request('PATCH', requestUrl, data, additionalHeaders || {});
        });
    }
    put(requestUrl, data, additionalHeaders) {
        return __awaiter(this, void 0, void 0, function* () {
            return this.request('PUT', requestUrl, data, additionalHeaders || {});
        });
    }
    head(requestUrl, additionalHeaders) {
        return __awaiter(this, void 0, void 0, function* () {
            return this.request('HEAD', requestUrl, null, additionalHeaders || {});
        });
    }
    sendStream(verb, requestUrl, stream, additionalHeaders) {
        return __awaiter(this, void 0, void 0, function* () {
            return this.request(verb, requestUrl, stream, additionalHeaders);
        });
    }
    /**
     * Gets a typed object from an endpoint
     * Be aware that not found returns a null.  Other errors (4xx, 5xx) reject the promise
     */
    getJson(requestUrl_1) {
        return __awaiter(this, arguments, void 0, function* (requestUrl, additionalHeaders = {}) {
            additionalHeaders[Headers.Accept] = this._getExistingOrDefaultHeader(additionalHeaders, Headers.Accept, MediaTypes.ApplicationJson);
            const res = yield this.get(requestUrl, additionalHeaders);
            return this._processResponse(res, this.requestOptions);
        });
    }
    postJson(requestUrl_1, obj_1) {
        return __awaiter(this, arguments, void 0, function* (requestUrl, obj, additionalHeaders = {}) {
            const data = JSON.stringify(obj, null, 2);
            additionalHeaders[Headers.Accept] = this._getExistingOrDefaultHeader(additionalHeaders, Headers.Accept, MediaTypes.ApplicationJson);
            additionalHeaders[Headers.ContentType] =
                this._getExistingOrDefaultContentTypeHeader(additionalHeaders, MediaTypes.ApplicationJson);
            const res = yield this.post(requestUrl, data, additionalHeaders);
            return this._processResponse(res, this.requestOptions);
        });
    }
    putJson(requestUrl_1, obj_1) {
        return __awaiter(this, arguments, void 0, function* (requestUrl, obj, additionalHeaders = {}) {
            const data = JSON.stringify(obj, null, 2);
            additionalHeaders[Headers.Accept] = this._getExistingOrDefaultHeader(additionalHeaders, Headers.Accept, MediaTypes.ApplicationJson);
            additionalHeaders[Headers.ContentType] =
                this._getExistingOrDefaultContentTypeHeader(additionalHeaders, MediaTypes.ApplicationJson);
            const res = yield this.put(requestUrl, data, additionalHeaders);
            return this._processResponse(res, this.requestOptions);
        });
    }
    patchJson(requestUrl_1, obj_1) {
        return __awaiter(this, arguments, void 0, function* (requestUrl, obj, additionalHeaders = {}) {
            const data = JSON.stringify(obj, null, 2);
            additionalHeaders[Headers.Accept] = this._getExistingOrDefaultHeader(additionalHeaders, Headers.Accept, MediaTypes.ApplicationJson);
            additionalHeaders[Headers.ContentType] =
                this._getExistingOrDefaultContentTypeHeader(additionalHeaders, MediaTypes.ApplicationJson);
            const res = yield this.patch(requestUrl, data, additionalHeaders);
            return this._processResponse(res, this.requestOptions);
        });
    }
    /**
     * Makes a raw http request.
     * All other methods such as get, post, patch, and request ultimately call this.
     * Prefer get, del, post and patch
     */
    request(verb, requestUrl, data, headers) {
        return __awaiter(this, void 0, void 0, function* () {
            if (this._disposed) {
                throw new Error('Client has already been disposed.');
            }
            const parsedUrl = new URL(requestUrl);
            let info = this._prepareRequest(verb, parsedUrl, headers);
            // Only perform retries on reads since writes may not be idempotent.
            const maxTries = this._allowRetries && RetryableHttpVerbs.includes(verb)
                ? this._maxRetries + 1
                : 1;
            let numTries = 0;
            let response;
            do {
                response = yield this.requestRaw(info, data);
                // Check if it's an authentication challenge
                if (response &&
                    response.message &&
                    response.message.statusCode === HttpCodes.Unauthorized) {
                    let authenticationHandler;
                    for (const handler of this.handlers) {
                        if (handler.canHandleAuthentication(response)) {
                            authenticationHandler = handler;
                            break;
                        }
                    }
                    if (authenticationHandler) {
                        return authenticationHandler.handleAuthentication(this, info, data);
                    }
                    else {
                        // We have received an unauthorized response but have no handlers to handle it.
                        // Let the response return to the caller.
                        return response;
                    }
                }
                let redirectsRemaining = this._maxRedirects;
                while (response.message.statusCode &&
                    HttpRedirectCodes.includes(response.message.statusCode) &&
                    this._allowRedirects &&
                    redirectsRemaining > 0) {
                    const redirectUrl = response.message.headers['location'];
                    if (!redirectUrl) {
                        // if there's no location to redirect to, we won't
                        break;
                    }
                    const parsedRedirectUrl = new URL(redirectUrl);
                    if (parsedUrl.protocol === 'https:' &&
                        parsedUrl.protocol !== parsedRedirectUrl.protocol &&
                        !this._allowRedirectDowngrade) {
                        throw new Error('Redirect from HTTPS to HTTP protocol. This downgrade is not allowed for security reasons. If you want to allow this behavior, set the allowRedirectDowngrade option to true.');
                    }
                    // we need to finish reading the response before reassigning response
                    // which will leak the open socket.
                    yield response.readBody();
                    // strip authorization header if redirected to a different hostname
                    if (parsedRedirectUrl.hostname !== parsedUrl.hostname) {
                        for (const header in headers) {
                            // header names are case insensitive
                            if (header.toLowerCase() === 'authorization') {
                                delete headers[header];
                            }
                        }
                    }
                    // let's make the request with the new redirectUrl
                    info = this._prepareRequest(verb, parsedRedirectUrl, headers);
                    response = yield this.requestRaw(info, data);
                    redirectsRemaining--;
                }
                if (!response.message.statusCode ||
                    !HttpResponseRetryCodes.includes(response.message.statusCode)) {
                    // If not a retry code, return immediately instead of retrying
                    return response;
                }
                numTries += 1;
                if (numTries < maxTries) {
                    yield response.readBody();
                    yield this._performExponentialBackoff(numTries);
                }
            } while (numTries < maxTries);
            return response;
        });
    }
    /**
     * Needs to be called if keepAlive is set to true in request options.
     */
    dispose() {
        if (this._agent) {
            this._agent.destroy();
        }
        this._disposed = true;
    }
    /**
     * Raw request.
     * @param info
     * @param data
     */
    requestRaw(info, data) {
        return __awaiter(this, void 0, void 0, function* () {
            return new Promise((resolve, reject) => {
                function callbackForResult(err, res) {
                    if (err) {
                        reject(err);
                    }
                    else if (!res) {
                        // If `err` is not passed, then `res` must be passed.
                        reject(new Error('Unknown error'));
                    }
                    else {
                        resolve(res);
                    }
                }
                this.requestRawWithCallback(info, data, callbackForResult);
            });
        });
    }
    /**
     * Raw request with callback.
     * @param info
     * @param data
     * @param onResult
     */
    requestRawWithCallback(info, data, onResult) {
        if (typeof data === 'string') {
            if (!info.options.headers) {
                info.options.headers = {};
            }
            info.options.headers['Content-Length'] = Buffer.byteLength(data, 'utf8');
        }
        let callbackCalled = false;
        function handleResult(err, res) {
            if (!callbackCalled) {
                callbackCalled = true;
                onResult(err, res);
            }
        }
        const req = info.httpModule.request(info.options, (msg) => {
            const res = new HttpClientResponse(msg);
            handleResult(undefined, res);
        });
        let socket;
        req.on('socket', sock => {
            socket = sock;
        });
        // If we ever get disconnected, we want the socket to timeout eventually
        req.setTimeout(this._socketTimeout || 3 * 60000, () => {
            if (socket) {
                socket.end();
            }
            handleResult(new Error(`Request timeout: ${info.options.path}`));
        });
        req.on('error', function (err) {
            // err has statusCode property
            // res should have headers
            handleResult(err);
        });
        if (data && typeof data === 'string') {
            req.write(data, 'utf8');
        }
        if (data && typeof data !== 'string') {
            data.on('close', function () {
                req.end();
            });
            data.pipe(req);
        }
        else {
            req.end();
        }
    }
    /**
     * Gets an http agent. This function is useful when you need an http agent that handles
     * routing through a proxy server - depending upon the url and proxy environment variables.
     * @param serverUrl  The server URL where the request will be sent. For example, https://api.github.com
     */
    getAgent(serverUrl) {
        const parsedUrl = new URL(serverUrl);
        return this._getAgent(parsedUrl);
    }
    getAgentDispatcher(serverUrl) {
        const parsedUrl = new URL(serverUrl);
        const proxyUrl = getProxyUrl(parsedUrl);
        const useProxy = proxyUrl && proxyUrl.hostname;
        if (!useProxy) {
            return;
        }
        return this._getProxyAgentDispatcher(parsedUrl, proxyUrl);
    }
    _prepareRequest(method, requestUrl, headers) {
        const info = {};
        info.parsedUrl = requestUrl;
        const usingSsl = info.parsedUrl.protocol === 'https:';
        info.httpModule = usingSsl ? external_https_namespaceObject : external_http_namespaceObject;
        const defaultPort = usingSsl ? 443 : 80;
        info.options = {};
        info.options.host = info.parsedUrl.hostname;
        info.options.port = info.parsedUrl.port
            ? parseInt(info.parsedUrl.port)
            : defaultPort;
        info.options.path =
            (info.parsedUrl.pathname || '') + (info.parsedUrl.search || '');
        info.options.method = method;
        info.options.headers = this._mergeHeaders(headers);
        if (this.userAgent != null) {
            info.options.headers['user-agent'] = this.userAgent;
        }
        info.options.agent = this._getAgent(info.parsedUrl);
        // gives handlers an opportunity to participate
        if (this.handlers) {
            for (const handler of this.handlers) {
                handler.prepareRequest(info.options);
            }
        }
        return info;
    }
    _mergeHeaders(headers) {
        if (this.requestOptions && this.requestOptions.headers) {
            return Object.assign({}, lowercaseKeys(this.requestOptions.headers), lowercaseKeys(headers || {}));
        }
        return lowercaseKeys(headers || {});
    }
    /**
     * Gets an existing header value or returns a default.
     * Handles converting number header values to strings since HTTP headers must be strings.
     * Note: This returns string | string[] since some headers can have multiple values.
     * For headers that must always be a single string (like Content-Type), use the
     * specialized _getExistingOrDefaultContentTypeHeader method instead.
     */
    _getExistingOrDefaultHeader(additionalHeaders, header, _default) {
        let clientHeader;
        if (this.requestOptions && this.requestOptions.headers) {
            const headerValue = lowercaseKeys(this.requestOptions.headers)[header];
            if (headerValue) {
                clientHeader =
                    typeof headerValue === 'number' ? headerValue.toString() : headerValue;
            }
        }
        const additionalValue = additionalHeaders[header];
        if (additionalValue !== undefined) {
            return typeof additionalValue === 'number'
                ? additionalValue.toString()
                : additionalValue;
        }
        if (clientHeader !== undefined) {
            return clientHeader;
        }
        return _default;
    }
    /**
     * Specialized version of _getExistingOrDefaultHeader for Content-Type header.
     * Always returns a single string (not an array) since Content-Type should be a single value.
     * Converts arrays to comma-separated strings and numbers to strings to ensure type safety.
     * This was split from _getExistingOrDefaultHeader to provide stricter typing for callers
     * that assign the result to places expecting a string (e.g., additionalHeaders[Headers.ContentType]).
     */
    _getExistingOrDefaultContentTypeHeader(additionalHeaders, _default) {
        let clientHeader;
        if (this.requestOptions && this.requestOptions.headers) {
            const headerValue = lowercaseKeys(this.requestOptions.headers)[Headers.ContentType];
            if (headerValue) {
                if (typeof headerValue === 'number') {
                    clientHeader = String(headerValue);
                }
                else if (Array.isArray(headerValue)) {
                    clientHeader = headerValue.join(', ');
                }
                else {
                    clientHeader = headerValue;
                }
            }
        }
        const additionalValue = additionalHeaders[Headers.ContentType];
        // Return the first non-undefined value, converting numbers or arrays to strings if necessary
        if (additionalValue !== undefined) {
            if (typeof additionalValue === 'number') {
                return String(additionalValue);
            }
            else if (Array.isArray(additionalValue)) {
                return additionalValue.join(', ');
            }
            else {
                return additionalValue;
            }
        }
        if (clientHeader !== undefined) {
            return clientHeader;
        }
        return _default;
    }
    _getAgent(parsedUrl) {
        let agent;
        const proxyUrl = getProxyUrl(parsedUrl);
        const useProxy = proxyUrl && proxyUrl.hostname;
        if (this._keepAlive && useProxy) {
            agent = this._proxyAgent;
        }
        if (!useProxy) {
            agent = this._agent;
        }
        // if agent is already assigned use that agent.
        if (agent) {
            return agent;
        }
        const usingSsl = parsedUrl.protocol === 'https:';
        let maxSockets = 100;
        if (this.requestOptions) {
            maxSockets = this.requestOptions.maxSockets || external_http_.globalAgent.maxSockets;
        }
        // This is `useProxy` again, but we need to check `proxyURl` directly for TypeScripts's flow analysis.
        if (proxyUrl && proxyUrl.hostname) {
            const agentOptions = {
                maxSockets,
                keepAlive: this._keepAlive,
                proxy: Object.assign(Object.assign({}, ((proxyUrl.username || proxyUrl.password) && {
                    proxyAuth: `${proxyUrl.username}:${proxyUrl.password}`
                })), { host: proxyUrl.hostname, port: proxyUrl.port })
            };
            let tunnelAgent;
            const overHttps = proxyUrl.protocol === 'https:';
            if (usingSsl) {
                tunnelAgent = overHttps ? tunnel.httpsOverHttps : tunnel.httpsOverHttp;
            }
            else {
                tunnelAgent = overHttps ? tunnel.httpOverHttps : tunnel.httpOverHttp;
            }
            agent = tunnelAgent(agentOptions);
            this._proxyAgent = agent;
        }
        // if tunneling agent isn't assigned create a new agent
        if (!agent) {
            const options = { keepAlive: this._keepAlive, maxSockets };
            agent = usingSsl ? new external_https_.Agent(options) : new external_http_.Agent(options);
            this._agent = agent;
        }
        if (usingSsl && this._ignoreSslError) {
            // we don't want to set NODE_TLS_REJECT_UNAUTHORIZED=0 since that will affect request for entire process
            // http.RequestOptions doesn't expose a way to modify RequestOptions.agent.options
            // we have to cast it to any and change it directly
            agent.options = Object.assign(agent.options || {}, {
                rejectUnauthorized: false
            });
        }
        return agent;
    }
    _getProxyAgentDispatcher(parsedUrl, proxyUrl) {
        let proxyAgent;
        if (this._keepAlive) {
            proxyAgent = this._proxyAgentDispatcher;
        }
        // if agent is already assigned use that agent.
        if (proxyAgent) {
            return proxyAgent;
        }
        const usingSsl = parsedUrl.protocol === 'https:';
        proxyAgent = new ProxyAgent(Object.assign({ uri: proxyUrl.href, pipelining: !this._keepAlive ? 0 : 1 }, ((proxyUrl.username || proxyUrl.password) && {
            token: `Basic ${Buffer.from(`${proxyUrl.username}:${proxyUrl.password}`).toString('base64')}`
        })));
        this._proxyAgentDispatcher = proxyAgent;
        if (usingSsl && this._ignoreSslError) {
            // we don't want to set NODE_TLS_REJECT_UNAUTHORIZED=0 since that will affect request for entire process
            // http.RequestOptions doesn't expose a way to modify RequestOptions.agent.options
            // we have to cast it to any and change it directly
            proxyAgent.options = Object.assign(proxyAgent.options.requestTls || {}, {
                rejectUnauthorized: false
            });
        }
        return proxyAgent;
    }
    _getUserAgentWithOrchestrationId(userAgent) {
        const baseUserAgent = userAgent || 'actions/http-client';
        const orchId = process.env['ACTIONS_ORCHESTRATION_ID'];
        if (orchId) {
            // Sanitize the orchestration ID to ensure it contains only valid characters
            // Valid characters: 0-9, a-z, _, -, .
            const sanitizedId = orchId.replace(/[^a-z0-9_.-]/gi, '_');
            return `${baseUserAgent} actions_orchestration_id/${sanitizedId}`;
        }
        return baseUserAgent;
    }
    _performExponentialBackoff(retryNumber) {
        return __awaiter(this, void 0, void 0, function* () {
            retryNumber = Math.min(ExponentialBackoffCeiling, retryNumber);
            const ms = ExponentialBackoffTimeSlice * Math.pow(2, retryNumber);
            return new Promise(resolve => setTimeout(() => resolve(), ms));
        });
    }
    _processResponse(res, options) {
        return __awaiter(this, void 0, void 0, function* () {
            return new Promise((resolve, reject) => __awaiter(this, void 0, void 0, function* () {
                const statusCode = res.message.statusCode || 0;
                const response = {
                    statusCode,
                    result: null,
                    headers: {}
                };
                // not found leads to null obj returned
                if (statusCode === HttpCodes.NotFound) {
                    resolve(response);
                }
                // get the result from the body
                function dateTimeDeserializer(key, value) {
                    if (typeof value === 'string') {
                        const a = new Date(value);
                        if (!isNaN(a.valueOf())) {
                            return a;
                        }
                    }
                    return value;
                }
                let obj;
                let contents;
                try {
                    contents = yield res.readBody();
                    if (contents && contents.length > 0) {
                        if (options && options.deserializeDates) {
                            obj = JSON.parse(contents, dateTimeDeserializer);
                        }
                        else {
                            obj = JSON.parse(contents);
                        }
                        response.result = obj;
                    }
                    response.headers = res.message.headers;
                }
                catch (err) {
                    // Invalid resource (contents not json);  leaving result obj null
                }
                // note that 3xx redirects are handled by the http layer.
                if (statusCode > 299) {
                    let msg;
                    // if exception/error in body, attempt to get better error
                    if (obj && obj.message) {
                        msg = obj.message;
                    }
                    else if (contents && contents.length > 0) {
                        // it may be the case that the exception is in the body message as string
                        msg = contents;
                    }
                    else {
                        msg = `Failed request: (${statusCode})`;
                    }
                    const err = new HttpClientError(msg, statusCode);
                    err.result = response.result;
                    reject(err);
                }
                else {
                    resolve(response);
                }
            }));
        });
    }
}
const lowercaseKeys = (obj) => Object.keys(obj).reduce((c, k) => ((c[k.toLowerCase()] = obj[k]), c), {});
//# sourceMappingURL=index.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/http-client/lib/auth.js
var auth_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};
class BasicCredentialHandler {
    constructor(username, password) {
        this.username = username;
        this.password = password;
    }
    prepareRequest(options) {
        if (!options.headers) {
            throw Error('The request has no headers');
        }
        options.headers['Authorization'] = `Basic ${Buffer.from(`${this.username}:${this.password}`).toString('base64')}`;
    }
    // This handler cannot handle 401
    canHandleAuthentication() {
        return false;
    }
    handleAuthentication() {
        return auth_awaiter(this, void 0, void 0, function* () {
            throw new Error('not implemented');
        });
    }
}
class BearerCredentialHandler {
    constructor(token) {
        this.token = token;
    }
    // currently implements pre-authorization
    // TODO: support preAuth = false where it hooks on 401
    prepareRequest(options) {
        if (!options.headers) {
            throw Error('The request has no headers');
        }
        options.headers['Authorization'] = `Bearer ${this.token}`;
    }
    // This handler cannot handle 401
    canHandleAuthentication() {
        return false;
    }
    handleAuthentication() {
        return auth_awaiter(this, void 0, void 0, function* () {
            throw new Error('not implemented');
        });
    }
}
class PersonalAccessTokenCredentialHandler {
    constructor(token) {
        this.token = token;
    }
    // currently implements pre-authorization
    // TODO: support preAuth = false where it hooks on 401
    prepareRequest(options) {
        if (!options.headers) {
            throw Error('The request has no headers');
        }
        options.headers['Authorization'] = `Basic ${Buffer.from(`PAT:${this.token}`).toString('base64')}`;
    }
    // This handler cannot handle 401
    canHandleAuthentication() {
        return false;
    }
    handleAuthentication() {
        return auth_awaiter(this, void 0, void 0, function* () {
            throw new Error('not implemented');
        });
    }
}
//# sourceMappingURL=auth.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/oidc-utils.js
var oidc_utils_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};



class OidcClient {
    static createHttpClient(allowRetry = true, maxRetry = 10) {
        const requestOptions = {
            allowRetries: allowRetry,
            maxRetries: maxRetry
        };
        return new HttpClient('actions/oidc-client', [new BearerCredentialHandler(OidcClient.getRequestToken())], requestOptions);
    }
    static getRequestToken() {
        const token = process.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'];
        if (!token) {
            throw new Error('Unable to get ACTIONS_ID_TOKEN_REQUEST_TOKEN env variable');
        }
        return token;
    }
    static getIDTokenUrl() {
        const runtimeUrl = process.env['ACTIONS_ID_TOKEN_REQUEST_URL'];
        if (!runtimeUrl) {
            throw new Error('Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable');
        }
        return runtimeUrl;
    }
    static getCall(id_token_url) {
        return oidc_utils_awaiter(this, void 0, void 0, function* () {
            var _a;
            const httpclient = OidcClient.createHttpClient();
            const res = yield httpclient
                .getJson(id_token_url)
                .catch(error => {
                throw new Error(`Failed to get ID Token. \n 
        Error Code : ${error.statusCode}\n 
        Error Message: ${error.message}`);
            });
            const id_token = (_a = res.result) === null || _a === void 0 ? void 0 : _a.value;
            if (!id_token) {
                throw new Error('Response json body do not have ID Token field');
            }
            return id_token;
        });
    }
    static getIDToken(audience) {
        return oidc_utils_awaiter(this, void 0, void 0, function* () {
            try {
                // New ID Token is requested from action service
                let id_token_url = OidcClient.getIDTokenUrl();
                if (audience) {
                    const encodedAudience = encodeURIComponent(audience);
                    id_token_url = `${id_token_url}&audience=${encodedAudience}`;
                }
                debug(`ID token url is ${id_token_url}`);
                const id_token = yield OidcClient.getCall(id_token_url);
                setSecret(id_token);
                return id_token;
            }
            catch (error) {
                throw new Error(`Error message: ${error.message}`);
            }
        });
    }
}
//# sourceMappingURL=oidc-utils.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/summary.js
var summary_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};


const { access, appendFile, writeFile } = external_fs_namespaceObject.promises;
const SUMMARY_ENV_VAR = 'GITHUB_STEP_SUMMARY';
const SUMMARY_DOCS_URL = 'https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions#adding-a-job-summary';
class Summary {
    constructor() {
        this._buffer = '';
    }
    /**
     * Finds the summary file path from the environment, rejects if env var is not found or file does not exist
     * Also checks r/w permissions.
     *
     * @returns step summary file path
     */
    filePath() {
        return summary_awaiter(this, void 0, void 0, function* () {
            if (this._filePath) {
                return this._filePath;
            }
            const pathFromEnv = process.env[SUMMARY_ENV_VAR];
            if (!pathFromEnv) {
                throw new Error(`Unable to find environment variable for $${SUMMARY_ENV_VAR}. Check if your runtime environment supports job summaries.`);
            }
            try {
                yield access(pathFromEnv, external_fs_namespaceObject.constants.R_OK | external_fs_namespaceObject.constants.W_OK);
            }
            catch (_a) {
                throw new Error(`Unable to access summary file: '${pathFromEnv}'. Check if the file has correct read/write permissions.`);
            }
            this._filePath = pathFromEnv;
            return this._filePath;
        });
    }
    /**
     * Wraps content in an HTML tag, adding any HTML attributes
     *
     * @param {string} tag HTML tag to wrap
     * @param {string | null} content content within the tag
     * @param {[attribute: string]: string} attrs key-value list of HTML attributes to add
     *
     * @returns {string} content wrapped in HTML element
     */
    wrap(tag, content, attrs = {}) {
        const htmlAttrs = Object.entries(attrs)
            .map(([key, value]) => ` ${key}="${value}"`)
            .join('');
        if (!content) {
            return `<${tag}${htmlAttrs}>`;
        }
        return `<${tag}${htmlAttrs}>${content}</${tag}>`;
    }
    /**
     * Writes text in the buffer to the summary buffer file and empties buffer. Will append by default.
     *
     * @param {SummaryWriteOptions} [options] (optional) options for write operation
     *
     * @returns {Promise<Summary>} summary instance
     */
    write(options) {
        return summary_awaiter(this, void 0, void 0, function* () {
            const overwrite = !!(options === null || options === void 0 ? void 0 : options.overwrite);
            const filePath = yield this.filePath();
            const writeFunc = overwrite ? writeFile : appendFile;
            yield writeFunc(filePath, this._buffer, { encoding: 'utf8' });
            return this.emptyBuffer();
        });
    }
    /**
     * Clears the summary buffer and wipes the summary file
     *
     * @returns {Summary} summary instance
     */
    clear() {
        return summary_awaiter(this, void 0, void 0, function* () {
            return this.emptyBuffer().write({ overwrite: true });
        });
    }
    /**
     * Returns the current summary buffer as a string
     *
     * @returns {string} string of summary buffer
     */
    stringify() {
        return this._buffer;
    }
    /**
     * If the summary buffer is empty
     *
     * @returns {boolen} true if the buffer is empty
     */
    isEmptyBuffer() {
        return this._buffer.length === 0;
    }
    /**
     * Resets the summary buffer without writing to summary file
     *
     * @returns {Summary} summary instance
     */
    emptyBuffer() {
        this._buffer = '';
        return this;
    }
    /**
     * Adds raw text to the summary buffer
     *
     * @param {string} text content to add
     * @param {boolean} [addEOL=false] (optional) append an EOL to the raw text (default: false)
     *
     * @returns {Summary} summary instance
     */
    addRaw(text, addEOL = false) {
        this._buffer += text;
        return addEOL ? this.addEOL() : this;
    }
    /**
     * Adds the operating system-specific end-of-line marker to the buffer
     *
     * @returns {Summary} summary instance
     */
    addEOL() {
        return this.addRaw(external_os_namespaceObject.EOL);
    }
    /**
     * Adds an HTML codeblock to the summary buffer
     *
     * @param {string} code content to render within fenced code block
     * @param {string} lang (optional) language to syntax highlight code
     *
     * @returns {Summary} summary instance
     */
    addCodeBlock(code, lang) {
        const attrs = Object.assign({}, (lang && { lang }));
        const element = this.wrap('pre', this.wrap('code', code), attrs);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML list to the summary buffer
     *
     * @param {string[]} items list of items to render
     * @param {boolean} [ordered=false] (optional) if the rendered list should be ordered or not (default: false)
     *
     * @returns {Summary} summary instance
     */
    addList(items, ordered = false) {
        const tag = ordered ? 'ol' : 'ul';
        const listItems = items.map(item => this.wrap('li', item)).join('');
        const element = this.wrap(tag, listItems);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML table to the summary buffer
     *
     * @param {SummaryTableCell[]} rows table rows
     *
     * @returns {Summary} summary instance
     */
    addTable(rows) {
        const tableBody = rows
            .map(row => {
            const cells = row
                .map(cell => {
                if (typeof cell === 'string') {
                    return this.wrap('td', cell);
                }
                const { header, data, colspan, rowspan } = cell;
                const tag = header ? 'th' : 'td';
                const attrs = Object.assign(Object.assign({}, (colspan && { colspan })), (rowspan && { rowspan }));
                return this.wrap(tag, data, attrs);
            })
                .join('');
            return this.wrap('tr', cells);
        })
            .join('');
        const element = this.wrap('table', tableBody);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds a collapsable HTML details element to the summary buffer
     *
     * @param {string} label text for the closed state
     * @param {string} content collapsable content
     *
     * @returns {Summary} summary instance
     */
    addDetails(label, content) {
        const element = this.wrap('details', this.wrap('summary', label) + content);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML image tag to the summary buffer
     *
     * @param {string} src path to the image you to embed
     * @param {string} alt text description of the image
     * @param {SummaryImageOptions} options (optional) addition image attributes
     *
     * @returns {Summary} summary instance
     */
    addImage(src, alt, options) {
        const { width, height } = options || {};
        const attrs = Object.assign(Object.assign({}, (width && { width })), (height && { height }));
        const element = this.wrap('img', null, Object.assign({ src, alt }, attrs));
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML section heading element
     *
     * @param {string} text heading text
     * @param {number | string} [level=1] (optional) the heading level, default: 1
     *
     * @returns {Summary} summary instance
     */
    addHeading(text, level) {
        const tag = `h${level}`;
        const allowedTag = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].includes(tag)
            ? tag
            : 'h1';
        const element = this.wrap(allowedTag, text);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML thematic break (<hr>) to the summary buffer
     *
     * @returns {Summary} summary instance
     */
    addSeparator() {
        const element = this.wrap('hr', null);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML line break (<br>) to the summary buffer
     *
     * @returns {Summary} summary instance
     */
    addBreak() {
        const element = this.wrap('br', null);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML blockquote to the summary buffer
     *
     * @param {string} text quote text
     * @param {string} cite (optional) citation url
     *
     * @returns {Summary} summary instance
     */
    addQuote(text, cite) {
        const attrs = Object.assign({}, (cite && { cite }));
        const element = this.wrap('blockquote', text, attrs);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML anchor tag to the summary buffer
     *
     * @param {string} text link text/content
     * @param {string} href hyperlink
     *
     * @returns {Summary} summary instance
     */
    addLink(text, href) {
        const element = this.wrap('a', text, { href });
        return this.addRaw(element).addEOL();
    }
}
const _summary = new Summary();
/**
 * @deprecated use `core.summary`
 */
const markdownSummary = _summary;
const summary = _summary;
//# sourceMappingURL=summary.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/path-utils.js

/**
 * toPosixPath converts the given path to the posix form. On Windows, \\ will be
 * replaced with /.
 *
 * @param pth. Path to transform.
 * @return string Posix path.
 */
function toPosixPath(pth) {
    return pth.replace(/[\\]/g, '/');
}
/**
 * toWin32Path converts the given path to the win32 form. On Linux, / will be
 * replaced with \\.
 *
 * @param pth. Path to transform.
 * @return string Win32 path.
 */
function toWin32Path(pth) {
    return pth.replace(/[/]/g, '\\');
}
/**
 * toPlatformPath converts the given path to a platform-specific path. It does
 * this by replacing instances of / and \ with the platform-specific path
 * separator.
 *
 * @param pth The path to platformize.
 * @return string The platform-specific path.
 */
function toPlatformPath(pth) {
    return pth.replace(/[/\\]/g, external_path_namespaceObject.sep);
}
//# sourceMappingURL=path-utils.js.map
;// CONCATENATED MODULE: external "string_decoder"
const external_string_decoder_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("string_decoder");
// EXTERNAL MODULE: external "events"
var external_events_ = __nccwpck_require__(434);
;// CONCATENATED MODULE: external "child_process"
const external_child_process_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("child_process");
// EXTERNAL MODULE: external "assert"
var external_assert_ = __nccwpck_require__(613);
;// CONCATENATED MODULE: ./node_modules/@actions/io/lib/io-util.js
var io_util_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};


const { chmod, copyFile, lstat, mkdir, open: io_util_open, readdir, rename, rm, rmdir, stat, symlink, unlink } = external_fs_namespaceObject.promises;
// export const {open} = 'fs'
const IS_WINDOWS = process.platform === 'win32';
/**
 * Custom implementation of readlink to ensure Windows junctions
 * maintain trailing backslash for backward compatibility with Node.js < 24
 *
 * In Node.js 20, Windows junctions (directory symlinks) always returned paths
 * with trailing backslashes. Node.js 24 removed this behavior, which breaks
 * code that relied on this format for path operations.
 *
 * This implementation restores the Node 20 behavior by adding a trailing
 * backslash to all junction results on Windows.
 */
function readlink(fsPath) {
    return io_util_awaiter(this, void 0, void 0, function* () {
        const result = yield fs.promises.readlink(fsPath);
        // On Windows, restore Node 20 behavior: add trailing backslash to all results
        // since junctions on Windows are always directory links
        if (IS_WINDOWS && !result.endsWith('\\')) {
            return `${result}\\`;
        }
        return result;
    });
}
// See https://github.com/nodejs/node/blob/d0153aee367422d0858105abec186da4dff0a0c5/deps/uv/include/uv/win.h#L691
const UV_FS_O_EXLOCK = 0x10000000;
const READONLY = external_fs_namespaceObject.constants.O_RDONLY;
function exists(fsPath) {
    return io_util_awaiter(this, void 0, void 0, function* () {
        try {
            yield stat(fsPath);
        }
        catch (err) {
            if (err.code === 'ENOENT') {
                return false;
            }
            throw err;
        }
        return true;
    });
}
function isDirectory(fsPath_1) {
    return io_util_awaiter(this, arguments, void 0, function* (fsPath, useStat = false) {
        const stats = useStat ? yield stat(fsPath) : yield lstat(fsPath);
        return stats.isDirectory();
    });
}
/**
 * On OSX/Linux, true if path starts with '/'. On Windows, true for paths like:
 * \, \hello, \\hello\share, C:, and C:\hello (and corresponding alternate separator cases).
 */
function isRooted(p) {
    p = normalizeSeparators(p);
    if (!p) {
        throw new Error('isRooted() parameter "p" cannot be empty');
    }
    if (IS_WINDOWS) {
        return (p.startsWith('\\') || /^[A-Z]:/i.test(p) // e.g. \ or \hello or \\hello
        ); // e.g. C: or C:\hello
    }
    return p.startsWith('/');
}
/**
 * Best effort attempt to determine whether a file exists and is executable.
 * @param filePath    file path to check
 * @param extensions  additional file extensions to try
 * @return if file exists and is executable, returns the file path. otherwise empty string.
 */
function tryGetExecutablePath(filePath, extensions) {
    return io_util_awaiter(this, void 0, void 0, function* () {
        let stats = undefined;
        try {
            // test file exists
            stats = yield stat(filePath);
        }
        catch (err) {
            if (err.code !== 'ENOENT') {
                // eslint-disable-next-line no-console
                console.log(`Unexpected error attempting to determine if executable file exists '${filePath}': ${err}`);
            }
        }
        if (stats && stats.isFile()) {
            if (IS_WINDOWS) {
                // on Windows, test for valid extension
                const upperExt = external_path_namespaceObject.extname(filePath).toUpperCase();
                if (extensions.some(validExt => validExt.toUpperCase() === upperExt)) {
                    return filePath;
                }
            }
            else {
                if (isUnixExecutable(stats)) {
                    return filePath;
                }
            }
        }
        // try each extension
        const originalFilePath = filePath;
        for (const extension of extensions) {
            filePath = originalFilePath + extension;
            stats = undefined;
            try {
                stats = yield stat(filePath);
            }
            catch (err) {
                if (err.code !== 'ENOENT') {
                    // eslint-disable-next-line no-console
                    console.log(`Unexpected error attempting to determine if executable file exists '${filePath}': ${err}`);
                }
            }
            if (stats && stats.isFile()) {
                if (IS_WINDOWS) {
                    // preserve the case of the actual file (since an extension was appended)
                    try {
                        const directory = external_path_namespaceObject.dirname(filePath);
                        const upperName = external_path_namespaceObject.basename(filePath).toUpperCase();
                        for (const actualName of yield readdir(directory)) {
                            if (upperName === actualName.toUpperCase()) {
                                filePath = external_path_namespaceObject.join(directory, actualName);
                                break;
                            }
                        }
                    }
                    catch (err) {
                        // eslint-disable-next-line no-console
                        console.log(`Unexpected error attempting to determine the actual case of the file '${filePath}': ${err}`);
                    }
                    return filePath;
                }
                else {
                    if (isUnixExecutable(stats)) {
                        return filePath;
                    }
                }
            }
        }
        return '';
    });
}
function normalizeSeparators(p) {
    p = p || '';
    if (IS_WINDOWS) {
        // convert slashes on Windows
        p = p.replace(/\//g, '\\');
        // remove redundant slashes
        return p.replace(/\\\\+/g, '\\');
    }
    // remove redundant slashes
    return p.replace(/\/\/+/g, '/');
}
// on Mac/Linux, test the execute bit
//     R   W  X  R  W X R W X
//   256 128 64 32 16 8 4 2 1
function isUnixExecutable(stats) {
    return ((stats.mode & 1) > 0 ||
        ((stats.mode & 8) > 0 &&
            process.getgid !== undefined &&
            stats.gid === process.getgid()) ||
        ((stats.mode & 64) > 0 &&
            process.getuid !== undefined &&
            stats.uid === process.getuid()));
}
// Get the path of cmd.exe in windows
function getCmdPath() {
    var _a;
    return (_a = process.env['COMSPEC']) !== null && _a !== void 0 ? _a : `cmd.exe`;
}
//# sourceMappingURL=io-util.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/io/lib/io.js
var io_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};



/**
 * Copies a file or folder.
 * Based off of shelljs - https://github.com/shelljs/shelljs/blob/9237f66c52e5daa40458f94f9565e18e8132f5a6/src/cp.js
 *
 * @param     source    source path
 * @param     dest      destination path
 * @param     options   optional. See CopyOptions.
 */
function cp(source_1, dest_1) {
    return io_awaiter(this, arguments, void 0, function* (source, dest, options = {}) {
        const { force, recursive, copySourceDirectory } = readCopyOptions(options);
        const destStat = (yield ioUtil.exists(dest)) ? yield ioUtil.stat(dest) : null;
        // Dest is an existing file, but not forcing
        if (destStat && destStat.isFile() && !force) {
            return;
        }
        // If dest is an existing directory, should copy inside.
        const newDest = destStat && destStat.isDirectory() && copySourceDirectory
            ? path.join(dest, path.basename(source))
            : dest;
        if (!(yield ioUtil.exists(source))) {
            throw new Error(`no such file or directory: ${source}`);
        }
        const sourceStat = yield ioUtil.stat(source);
        if (sourceStat.isDirectory()) {
            if (!recursive) {
                throw new Error(`Failed to copy. ${source} is a directory, but tried to copy without recursive flag.`);
            }
            else {
                yield cpDirRecursive(source, newDest, 0, force);
            }
        }
        else {
            if (path.relative(source, newDest) === '') {
                // a file cannot be copied to itself
                throw new Error(`'${newDest}' and '${source}' are the same file`);
            }
            yield io_copyFile(source, newDest, force);
        }
    });
}
/**
 * Moves a path.
 *
 * @param     source    source path
 * @param     dest      destination path
 * @param     options   optional. See MoveOptions.
 */
function mv(source_1, dest_1) {
    return io_awaiter(this, arguments, void 0, function* (source, dest, options = {}) {
        if (yield ioUtil.exists(dest)) {
            let destExists = true;
            if (yield ioUtil.isDirectory(dest)) {
                // If dest is directory copy src into dest
                dest = path.join(dest, path.basename(source));
                destExists = yield ioUtil.exists(dest);
            }
            if (destExists) {
                if (options.force == null || options.force) {
                    yield rmRF(dest);
                }
                else {
                    throw new Error('Destination already exists');
                }
            }
        }
        yield mkdirP(path.dirname(dest));
        yield ioUtil.rename(source, dest);
    });
}
/**
 * Remove a path recursively with force
 *
 * @param inputPath path to remove
 */
function rmRF(inputPath) {
    return io_awaiter(this, void 0, void 0, function* () {
        if (ioUtil.IS_WINDOWS) {
            // Check for invalid characters
            // https://docs.microsoft.com/en-us/windows/win32/fileio/naming-a-file
            if (/[*"<>|]/.test(inputPath)) {
                throw new Error('File path must not contain `*`, `"`, `<`, `>` or `|` on Windows');
            }
        }
        try {
            // note if path does not exist, error is silent
            yield ioUtil.rm(inputPath, {
                force: true,
                maxRetries: 3,
                recursive: true,
                retryDelay: 300
            });
        }
        catch (err) {
            throw new Error(`File was unable to be removed ${err}`);
        }
    });
}
/**
 * Make a directory.  Creates the full path with folders in between
 * Will throw if it fails
 *
 * @param   fsPath        path to create
 * @returns Promise<void>
 */
function mkdirP(fsPath) {
    return io_awaiter(this, void 0, void 0, function* () {
        ok(fsPath, 'a path argument must be provided');
        yield ioUtil.mkdir(fsPath, { recursive: true });
    });
}
/**
 * Returns path of a tool had the tool actually been invoked.  Resolves via paths.
 * If you check and the tool does not exist, it will throw.
 *
 * @param     tool              name of the tool
 * @param     check             whether to check if tool exists
 * @returns   Promise<string>   path to tool
 */
function which(tool, check) {
    return io_awaiter(this, void 0, void 0, function* () {
        if (!tool) {
            throw new Error("parameter 'tool' is required");
        }
        // recursive when check=true
        if (check) {
            const result = yield which(tool, false);
            if (!result) {
                if (IS_WINDOWS) {
                    throw new Error(`Unable to locate executable file: ${tool}. Please verify either the file path exists or the file can be found within a directory specified by the PATH environment variable. Also verify the file has a valid extension for an executable file.`);
                }
                else {
                    throw new Error(`Unable to locate executable file: ${tool}. Please verify either the file path exists or the file can be found within a directory specified by the PATH environment variable. Also check the file mode to verify the file is executable.`);
                }
            }
            return result;
        }
        const matches = yield findInPath(tool);
        if (matches && matches.length > 0) {
            return matches[0];
        }
        return '';
    });
}
/**
 * Returns a list of all occurrences of the given tool on the system path.
 *
 * @returns   Promise<string[]>  the paths of the tool
 */
function findInPath(tool) {
    return io_awaiter(this, void 0, void 0, function* () {
        if (!tool) {
            throw new Error("parameter 'tool' is required");
        }
        // build the list of extensions to try
        const extensions = [];
        if (IS_WINDOWS && process.env['PATHEXT']) {
            for (const extension of process.env['PATHEXT'].split(external_path_namespaceObject.delimiter)) {
                if (extension) {
                    extensions.push(extension);
                }
            }
        }
        // if it's rooted, return it if exists. otherwise return empty.
        if (isRooted(tool)) {
            const filePath = yield tryGetExecutablePath(tool, extensions);
            if (filePath) {
                return [filePath];
            }
            return [];
        }
        // if any path separators, return empty
        if (tool.includes(external_path_namespaceObject.sep)) {
            return [];
        }
        // build the list of directories
        //
        // Note, technically "where" checks the current directory on Windows. From a toolkit perspective,
        // it feels like we should not do this. Checking the current directory seems like more of a use
        // case of a shell, and the which() function exposed by the toolkit should strive for consistency
        // across platforms.
        const directories = [];
        if (process.env.PATH) {
            for (const p of process.env.PATH.split(external_path_namespaceObject.delimiter)) {
                if (p) {
                    directories.push(p);
                }
            }
        }
        // find all matches
        const matches = [];
        for (const directory of directories) {
            const filePath = yield tryGetExecutablePath(external_path_namespaceObject.join(directory, tool), extensions);
            if (filePath) {
                matches.push(filePath);
            }
        }
        return matches;
    });
}
function readCopyOptions(options) {
    const force = options.force == null ? true : options.force;
    const recursive = Boolean(options.recursive);
    const copySourceDirectory = options.copySourceDirectory == null
        ? true
        : Boolean(options.copySourceDirectory);
    return { force, recursive, copySourceDirectory };
}
function cpDirRecursive(sourceDir, destDir, currentDepth, force) {
    return io_awaiter(this, void 0, void 0, function* () {
        // Ensure there is not a run away recursive copy
        if (currentDepth >= 255)
            return;
        currentDepth++;
        yield mkdirP(destDir);
        const files = yield ioUtil.readdir(sourceDir);
        for (const fileName of files) {
            const srcFile = `${sourceDir}/${fileName}`;
            const destFile = `${destDir}/${fileName}`;
            const srcFileStat = yield ioUtil.lstat(srcFile);
            if (srcFileStat.isDirectory()) {
                // Recurse
                yield cpDirRecursive(srcFile, destFile, currentDepth, force);
            }
            else {
                yield io_copyFile(srcFile, destFile, force);
            }
        }
        // Change the mode for the newly created directory
        yield ioUtil.chmod(destDir, (yield ioUtil.stat(sourceDir)).mode);
    });
}
// Buffered file copy
function io_copyFile(srcFile, destFile, force) {
    return io_awaiter(this, void 0, void 0, function* () {
        if ((yield ioUtil.lstat(srcFile)).isSymbolicLink()) {
            // unlink/re-link it
            try {
                yield ioUtil.lstat(destFile);
                yield ioUtil.unlink(destFile);
            }
            catch (e) {
                // Try to override file permission
                if (e.code === 'EPERM') {
                    yield ioUtil.chmod(destFile, '0666');
                    yield ioUtil.unlink(destFile);
                }
                // other errors = it doesn't exist, no work to do
            }
            // Copy over symlink
            const symlinkFull = yield ioUtil.readlink(srcFile);
            yield ioUtil.symlink(symlinkFull, destFile, ioUtil.IS_WINDOWS ? 'junction' : null);
        }
        else if (!(yield ioUtil.exists(destFile)) || force) {
            yield ioUtil.copyFile(srcFile, destFile);
        }
    });
}
//# sourceMappingURL=io.js.map
;// CONCATENATED MODULE: external "timers"
const external_timers_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("timers");
;// CONCATENATED MODULE: ./node_modules/@actions/exec/lib/toolrunner.js
var toolrunner_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};







/* eslint-disable @typescript-eslint/unbound-method */
const toolrunner_IS_WINDOWS = process.platform === 'win32';
/*
 * Class for running command line tools. Handles quoting and arg parsing in a platform agnostic way.
 */
class ToolRunner extends external_events_.EventEmitter {
    constructor(toolPath, args, options) {
        super();
        if (!toolPath) {
            throw new Error("Parameter 'toolPath' cannot be null or empty.");
        }
        this.toolPath = toolPath;
        this.args = args || [];
        this.options = options || {};
    }
    _debug(message) {
        if (this.options.listeners && this.options.listeners.debug) {
            this.options.listeners.debug(message);
        }
    }
    _getCommandString(options, noPrefix) {
        const toolPath = this._getSpawnFileName();
        const args = this._getSpawnArgs(options);
        let cmd = noPrefix ? '' : '[command]'; // omit prefix when piped to a second tool
        if (toolrunner_IS_WINDOWS) {
            // Windows + cmd file
            if (this._isCmdFile()) {
                cmd += toolPath;
                for (const a of args) {
                    cmd += ` ${a}`;
                }
            }
            // Windows + verbatim
            else if (options.windowsVerbatimArguments) {
                cmd += `"${toolPath}"`;
                for (const a of args) {
                    cmd += ` ${a}`;
                }
            }
            // Windows (regular)
            else {
                cmd += this._windowsQuoteCmdArg(toolPath);
                for (const a of args) {
                    cmd += ` ${this._windowsQuoteCmdArg(a)}`;
                }
            }
        }
        else {
            // OSX/Linux - this can likely be improved with some form of quoting.
            // creating processes on Unix is fundamentally different than Windows.
            // on Unix, execvp() takes an arg array.
            cmd += toolPath;
            for (const a of args) {
                cmd += ` ${a}`;
            }
        }
        return cmd;
    }
    _processLineBuffer(data, strBuffer, onLine) {
        try {
            let s = strBuffer + data.toString();
            let n = s.indexOf(external_os_namespaceObject.EOL);
            while (n > -1) {
                const line = s.substring(0, n);
                onLine(line);
                // the rest of the string ...
                s = s.substring(n + external_os_namespaceObject.EOL.length);
                n = s.indexOf(external_os_namespaceObject.EOL);
            }
            return s;
        }
        catch (err) {
            // streaming lines to console is best effort.  Don't fail a build.
            this._debug(`error processing line. Failed with error ${err}`);
            return '';
        }
    }
    _getSpawnFileName() {
        if (toolrunner_IS_WINDOWS) {
            if (this._isCmdFile()) {
                return process.env['COMSPEC'] || 'cmd.exe';
            }
        }
        return this.toolPath;
    }
    _getSpawnArgs(options) {
        if (toolrunner_IS_WINDOWS) {
            if (this._isCmdFile()) {
                let argline = `/D /S /C "${this._windowsQuoteCmdArg(this.toolPath)}`;
                for (const a of this.args) {
                    argline += ' ';
                    argline += options.windowsVerbatimArguments
                        ? a
                        : this._windowsQuoteCmdArg(a);
                }
                argline += '"';
                return [argline];
            }
        }
        return this.args;
    }
    _endsWith(str, end) {
        return str.endsWith(end);
    }
    _isCmdFile() {
        const upperToolPath = this.toolPath.toUpperCase();
        return (this._endsWith(upperToolPath, '.CMD') ||
            this._endsWith(upperToolPath, '.BAT'));
    }
    _windowsQuoteCmdArg(arg) {
        // for .exe, apply the normal quoting rules that libuv applies
        if (!this._isCmdFile()) {
            return this._uvQuoteCmdArg(arg);
        }
        // otherwise apply quoting rules specific to the cmd.exe command line parser.
        // the libuv rules are generic and are not designed specifically for cmd.exe
        // command line parser.
        //
        // for a detailed description of the cmd.exe command line parser, refer to
        // http://stackoverflow.com/questions/4094699/how-does-the-windows-command-interpreter-cmd-exe-parse-scripts/7970912#7970912
        // need quotes for empty arg
        if (!arg) {
            return '""';
        }
        // determine whether the arg needs to be quoted
        const cmdSpecialChars = [
            ' ',
            '\t',
            '&',
            '(',
            ')',
            '[',
            ']',
            '{',
            '}',
            '^',
            '=',
            ';',
            '!',
            "'",
            '+',
            ',',
            '`',
            '~',
            '|',
            '<',
            '>',
            '"'
        ];
        let needsQuotes = false;
        for (const char of arg) {
            if (cmdSpecialChars.some(x => x === char)) {
                needsQuotes = true;
                break;
            }
        }
        // short-circuit if quotes not needed
        if (!needsQuotes) {
            return arg;
        }
        // the following quoting rules are very similar to the rules that by libuv applies.
        //
        // 1) wrap the string in quotes
        //
        // 2) double-up quotes - i.e. " => ""
        //
        //    this is different from the libuv quoting rules. libuv replaces " with \", which unfortunately
        //    doesn't work well with a cmd.exe command line.
        //
        //    note, replacing " with "" also works well if the arg is passed to a downstream .NET console app.
        //    for example, the command line:
        //          foo.exe "myarg:""my val"""
        //    is parsed by a .NET console app into an arg array:
        //          [ "myarg:\"my val\"" ]
        //    which is the same end result when applying libuv quoting rules. although the actual
        //    command line from libuv quoting rules would look like:
        //          foo.exe "myarg:\"my val\""
        //
        // 3) double-up slashes that precede a quote,
        //    e.g.  hello \world    => "hello \world"
        //          hello\"world    => "hello\\""world"
        //          hello\\"world   => "hello\\\\""world"
        //          hello world\    => "hello world\\"
        //
        //    technically this is not required for a cmd.exe command line, or the batch argument parser.
        //    the reasons for including this as a .cmd quoting rule are:
        //
        //    a) this is optimized for the scenario where the argument is passed from the .cmd file to an
        //       external program. many programs (e.g. .NET console apps) rely on the slash-doubling rule.
        //
        //    b) it's what we've been doing previously (by deferring to node default behavior) and we
        //       haven't heard any complaints about that aspect.
        //
        // note, a weakness of the quoting rules chosen here, is that % is not escaped. in fact, % cannot be
        // escaped when used on the command line directly - even though within a .cmd file % can be escaped
        // by using %%.
        //
        // the saving grace is, on the command line, %var% is left as-is if var is not defined. this contrasts
        // the line parsing rules within a .cmd file, where if var is not defined it is replaced with nothing.
        //
        // one option that was explored was replacing % with ^% - i.e. %var% => ^%var^%. this hack would
        // often work, since it is unlikely that var^ would exist, and the ^ character is removed when the
        // variable is used. the problem, however, is that ^ is not removed when %* is used to pass the args
        // to an external program.
        //
        // an unexplored potential solution for the % escaping problem, is to create a wrapper .cmd file.
        // % can be escaped within a .cmd file.
        let reverse = '"';
        let quoteHit = true;
        for (let i = arg.length; i > 0; i--) {
            // walk the string in reverse
            reverse += arg[i - 1];
            if (quoteHit && arg[i - 1] === '\\') {
                reverse += '\\'; // double the slash
            }
            else if (arg[i - 1] === '"') {
                quoteHit = true;
                reverse += '"'; // double the quote
            }
            else {
                quoteHit = false;
            }
        }
        reverse += '"';
        return reverse.split('').reverse().join('');
    }
    _uvQuoteCmdArg(arg) {
        // Tool runner wraps child_process.spawn() and needs to apply the same quoting as
        // Node in certain cases where the undocumented spawn option windowsVerbatimArguments
        // is used.
        //
        // Since this function is a port of quote_cmd_arg from Node 4.x (technically, lib UV,
        // see https://github.com/nodejs/node/blob/v4.x/deps/uv/src/win/process.c for details),
        // pasting copyright notice from Node within this function:
        //
        //      Copyright Joyent, Inc. and other Node contributors. All rights reserved.
        //
        //      Permission is hereby granted, free of charge, to any person obtaining a copy
        //      of this software and associated documentation files (the "Software"), to
        //      deal in the Software without restriction, including without limitation the
        //      rights to use, copy, modify, merge, publish, distribute, sublicense, and/or
        //      sell copies of the Software, and to permit persons to whom the Software is
        //      furnished to do so, subject to the following conditions:
        //
        //      The above copyright notice and this permission notice shall be included in
        //      all copies or substantial portions of the Software.
        //
        //      THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
        //      IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
        //      FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
        //      AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
        //      LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING
        //      FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS
        //      IN THE SOFTWARE.
        if (!arg) {
            // Need double quotation for empty argument
            return '""';
        }
        if (!arg.includes(' ') && !arg.includes('\t') && !arg.includes('"')) {
            // No quotation needed
            return arg;
        }
        if (!arg.includes('"') && !arg.includes('\\')) {
            // No embedded double quotes or backslashes, so I can just wrap
            // quote marks around the whole thing.
            return `"${arg}"`;
        }
        // Expected input/output:
        //   input : hello"world
        //   output: "hello\"world"
        //   input : hello""world
        //   output: "hello\"\"world"
        //   input : hello\world
        //   output: hello\world
        //   input : hello\\world
        //   output: hello\\world
        //   input : hello\"world
        //   output: "hello\\\"world"
        //   input : hello\\"world
        //   output: "hello\\\\\"world"
        //   input : hello world\
        //   output: "hello world\\" - note the comment in libuv actually reads "hello world\"
        //                             but it appears the comment is wrong, it should be "hello world\\"
        let reverse = '"';
        let quoteHit = true;
        for (let i = arg.length; i > 0; i--) {
            // walk the string in reverse
            reverse += arg[i - 1];
            if (quoteHit && arg[i - 1] === '\\') {
                reverse += '\\';
            }
            else if (arg[i - 1] === '"') {
                quoteHit = true;
                reverse += '\\';
            }
            else {
                quoteHit = false;
            }
        }
        reverse += '"';
        return reverse.split('').reverse().join('');
    }
    _cloneExecOptions(options) {
        options = options || {};
        const result = {
            cwd: options.cwd || process.cwd(),
            env: options.env || process.env,
            silent: options.silent || false,
            windowsVerbatimArguments: options.windowsVerbatimArguments || false,
            failOnStdErr: options.failOnStdErr || false,
            ignoreReturnCode: options.ignoreReturnCode || false,
            delay: options.delay || 10000
        };
        result.outStream = options.outStream || process.stdout;
        result.errStream = options.errStream || process.stderr;
        return result;
    }
    _getSpawnOptions(options, toolPath) {
        options = options || {};
        const result = {};
        result.cwd = options.cwd;
        result.env = options.env;
        result['windowsVerbatimArguments'] =
            options.windowsVerbatimArguments || this._isCmdFile();
        if (options.windowsVerbatimArguments) {
            result.argv0 = `"${toolPath}"`;
        }
        return result;
    }
    /**
     * Exec a tool.
     * Output will be streamed to the live console.
     * Returns promise with return code
     *
     * @param     tool     path to tool to exec
     * @param     options  optional exec options.  See ExecOptions
     * @returns   number
     */
    exec() {
        return toolrunner_awaiter(this, void 0, void 0, function* () {
            // root the tool path if it is unrooted and contains relative pathing
            if (!isRooted(this.toolPath) &&
                (this.toolPath.includes('/') ||
                    (toolrunner_IS_WINDOWS && this.toolPath.includes('\\')))) {
                // prefer options.cwd if it is specified, however options.cwd may also need to be rooted
                this.toolPath = external_path_namespaceObject.resolve(process.cwd(), this.options.cwd || process.cwd(), this.toolPath);
            }
            // if the tool is only a file name, then resolve it from the PATH
            // otherwise verify it exists (add extension on Windows if necessary)
            this.toolPath = yield which(this.toolPath, true);
            return new Promise((resolve, reject) => toolrunner_awaiter(this, void 0, void 0, function* () {
                this._debug(`exec tool: ${this.toolPath}`);
                this._debug('arguments:');
                for (const arg of this.args) {
                    this._debug(`   ${arg}`);
                }
                const optionsNonNull = this._cloneExecOptions(this.options);
                if (!optionsNonNull.silent && optionsNonNull.outStream) {
                    optionsNonNull.outStream.write(this._getCommandString(optionsNonNull) + external_os_namespaceObject.EOL);
                }
                const state = new ExecState(optionsNonNull, this.toolPath);
                state.on('debug', (message) => {
                    this._debug(message);
                });
                if (this.options.cwd && !(yield exists(this.options.cwd))) {
                    return reject(new Error(`The cwd: ${this.options.cwd} does not exist!`));
                }
                const fileName = this._getSpawnFileName();
                const cp = external_child_process_namespaceObject.spawn(fileName, this._getSpawnArgs(optionsNonNull), this._getSpawnOptions(this.options, fileName));
                let stdbuffer = '';
                if (cp.stdout) {
                    cp.stdout.on('data', (data) => {
                        if (this.options.listeners && this.options.listeners.stdout) {
                            this.options.listeners.stdout(data);
                        }
                        if (!optionsNonNull.silent && optionsNonNull.outStream) {
                            optionsNonNull.outStream.write(data);
                        }
                        stdbuffer = this._processLineBuffer(data, stdbuffer, (line) => {
                            if (this.options.listeners && this.options.listeners.stdline) {
                                this.options.listeners.stdline(line);
                            }
                        });
                    });
                }
                let errbuffer = '';
                if (cp.stderr) {
                    cp.stderr.on('data', (data) => {
                        state.processStderr = true;
                        if (this.options.listeners && this.options.listeners.stderr) {
                            this.options.listeners.stderr(data);
                        }
                        if (!optionsNonNull.silent &&
                            optionsNonNull.errStream &&
                            optionsNonNull.outStream) {
                            const s = optionsNonNull.failOnStdErr
                                ? optionsNonNull.errStream
                                : optionsNonNull.outStream;
                            s.write(data);
                        }
                        errbuffer = this._processLineBuffer(data, errbuffer, (line) => {
                            if (this.options.listeners && this.options.listeners.errline) {
                                this.options.listeners.errline(line);
                            }
                        });
                    });
                }
                cp.on('error', (err) => {
                    state.processError = err.message;
                    state.processExited = true;
                    state.processClosed = true;
                    state.CheckComplete();
                });
                cp.on('exit', (code) => {
                    state.processExitCode = code;
                    state.processExited = true;
                    this._debug(`Exit code ${code} received from tool '${this.toolPath}'`);
                    state.CheckComplete();
                });
                cp.on('close', (code) => {
                    state.processExitCode = code;
                    state.processExited = true;
                    state.processClosed = true;
                    this._debug(`STDIO streams have closed for tool '${this.toolPath}'`);
                    state.CheckComplete();
                });
                state.on('done', (error, exitCode) => {
                    if (stdbuffer.length > 0) {
                        this.emit('stdline', stdbuffer);
                    }
                    if (errbuffer.length > 0) {
                        this.emit('errline', errbuffer);
                    }
                    cp.removeAllListeners();
                    if (error) {
                        reject(error);
                    }
                    else {
                        resolve(exitCode);
                    }
                });
                if (this.options.input) {
                    if (!cp.stdin) {
                        throw new Error('child process missing stdin');
                    }
                    cp.stdin.end(this.options.input);
                }
            }));
        });
    }
}
/**
 * Convert an arg string to an array of args. Handles escaping
 *
 * @param    argString   string of arguments
 * @returns  string[]    array of arguments
 */
function argStringToArray(argString) {
    const args = [];
    let inQuotes = false;
    let escaped = false;
    let arg = '';
    function append(c) {
        // we only escape double quotes.
        if (escaped && c !== '"') {
            arg += '\\';
        }
        arg += c;
        escaped = false;
    }
    for (let i = 0; i < argString.length; i++) {
        const c = argString.charAt(i);
        if (c === '"') {
            if (!escaped) {
                inQuotes = !inQuotes;
            }
            else {
                append(c);
            }
            continue;
        }
        if (c === '\\' && escaped) {
            append(c);
            continue;
        }
        if (c === '\\' && inQuotes) {
            escaped = true;
            continue;
        }
        if (c === ' ' && !inQuotes) {
            if (arg.length > 0) {
                args.push(arg);
                arg = '';
            }
            continue;
        }
        append(c);
    }
    if (arg.length > 0) {
        args.push(arg.trim());
    }
    return args;
}
class ExecState extends external_events_.EventEmitter {
    constructor(options, toolPath) {
        super();
        this.processClosed = false; // tracks whether the process has exited and stdio is closed
        this.processError = '';
        this.processExitCode = 0;
        this.processExited = false; // tracks whether the process has exited
        this.processStderr = false; // tracks whether stderr was written to
        this.delay = 10000; // 10 seconds
        this.done = false;
        this.timeout = null;
        if (!toolPath) {
            throw new Error('toolPath must not be empty');
        }
        this.options = options;
        this.toolPath = toolPath;
        if (options.delay) {
            this.delay = options.delay;
        }
    }
    CheckComplete() {
        if (this.done) {
            return;
        }
        if (this.processClosed) {
            this._setResult();
        }
        else if (this.processExited) {
            this.timeout = (0,external_timers_namespaceObject.setTimeout)(ExecState.HandleTimeout, this.delay, this);
        }
    }
    _debug(message) {
        this.emit('debug', message);
    }
    _setResult() {
        // determine whether there is an error
        let error;
        if (this.processExited) {
            if (this.processError) {
                error = new Error(`There was an error when attempting to execute the process '${this.toolPath}'. This may indicate the process failed to start. Error: ${this.processError}`);
            }
            else if (this.processExitCode !== 0 && !this.options.ignoreReturnCode) {
                error = new Error(`The process '${this.toolPath}' failed with exit code ${this.processExitCode}`);
            }
            else if (this.processStderr && this.options.failOnStdErr) {
                error = new Error(`The process '${this.toolPath}' failed because one or more lines were written to the STDERR stream`);
            }
        }
        // clear the timeout
        if (this.timeout) {
            clearTimeout(this.timeout);
            this.timeout = null;
        }
        this.done = true;
        this.emit('done', error, this.processExitCode);
    }
    static HandleTimeout(state) {
        if (state.done) {
            return;
        }
        if (!state.processClosed && state.processExited) {
            const message = `The STDIO streams did not close within ${state.delay / 1000} seconds of the exit event from process '${state.toolPath}'. This may indicate a child process inherited the STDIO streams and has not yet exited.`;
            state._debug(message);
        }
        state._setResult();
    }
}
//# sourceMappingURL=toolrunner.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/exec/lib/exec.js
var exec_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};


/**
 * Exec a command.
 * Output will be streamed to the live console.
 * Returns promise with return code
 *
 * @param     commandLine        command to execute (can include additional args). Must be correctly escaped.
 * @param     args               optional arguments for tool. Escaping is handled by the lib.
 * @param     options            optional exec options.  See ExecOptions
 * @returns   Promise<number>    exit code
 */
function exec(commandLine, args, options) {
    return exec_awaiter(this, void 0, void 0, function* () {
        const commandArgs = argStringToArray(commandLine);
        if (commandArgs.length === 0) {
            throw new Error(`Parameter 'commandLine' cannot be null or empty.`);
        }
        // Path to tool to execute should be first arg
        const toolPath = commandArgs[0];
        args = commandArgs.slice(1).concat(args || []);
        const runner = new ToolRunner(toolPath, args, options);
        return runner.exec();
    });
}
/**
 * Exec a command and get the output.
 * Output will be streamed to the live console.
 * Returns promise with the exit code and collected stdout and stderr
 *
 * @param     commandLine           command to execute (can include additional args). Must be correctly escaped.
 * @param     args                  optional arguments for tool. Escaping is handled by the lib.
 * @param     options               optional exec options.  See ExecOptions
 * @returns   Promise<ExecOutput>   exit code, stdout, and stderr
 */
function getExecOutput(commandLine, args, options) {
    return exec_awaiter(this, void 0, void 0, function* () {
        var _a, _b;
        let stdout = '';
        let stderr = '';
        //Using string decoder covers the case where a mult-byte character is split
        const stdoutDecoder = new external_string_decoder_namespaceObject.StringDecoder('utf8');
        const stderrDecoder = new external_string_decoder_namespaceObject.StringDecoder('utf8');
        const originalStdoutListener = (_a = options === null || options === void 0 ? void 0 : options.listeners) === null || _a === void 0 ? void 0 : _a.stdout;
        const originalStdErrListener = (_b = options === null || options === void 0 ? void 0 : options.listeners) === null || _b === void 0 ? void 0 : _b.stderr;
        const stdErrListener = (data) => {
            stderr += stderrDecoder.write(data);
            if (originalStdErrListener) {
                originalStdErrListener(data);
            }
        };
        const stdOutListener = (data) => {
            stdout += stdoutDecoder.write(data);
            if (originalStdoutListener) {
                originalStdoutListener(data);
            }
        };
        const listeners = Object.assign(Object.assign({}, options === null || options === void 0 ? void 0 : options.listeners), { stdout: stdOutListener, stderr: stdErrListener });
        const exitCode = yield exec(commandLine, args, Object.assign(Object.assign({}, options), { listeners }));
        //flush any remaining characters
        stdout += stdoutDecoder.end();
        stderr += stderrDecoder.end();
        return {
            exitCode,
            stdout,
            stderr
        };
    });
}
//# sourceMappingURL=exec.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/platform.js
var platform_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};


const getWindowsInfo = () => platform_awaiter(void 0, void 0, void 0, function* () {
    const { stdout: version } = yield getExecOutput('powershell -command "(Get-CimInstance -ClassName Win32_OperatingSystem).Version"', undefined, {
        silent: true
    });
    const { stdout: name } = yield getExecOutput('powershell -command "(Get-CimInstance -ClassName Win32_OperatingSystem).Caption"', undefined, {
        silent: true
    });
    return {
        name: name.trim(),
        version: version.trim()
    };
});
const getMacOsInfo = () => platform_awaiter(void 0, void 0, void 0, function* () {
    var _a, _b, _c, _d;
    const { stdout } = yield getExecOutput('sw_vers', undefined, {
        silent: true
    });
    const version = (_b = (_a = stdout.match(/ProductVersion:\s*(.+)/)) === null || _a === void 0 ? void 0 : _a[1]) !== null && _b !== void 0 ? _b : '';
    const name = (_d = (_c = stdout.match(/ProductName:\s*(.+)/)) === null || _c === void 0 ? void 0 : _c[1]) !== null && _d !== void 0 ? _d : '';
    return {
        name,
        version
    };
});
const getLinuxInfo = () => platform_awaiter(void 0, void 0, void 0, function* () {
    const { stdout } = yield getExecOutput('lsb_release', ['-i', '-r', '-s'], {
        silent: true
    });
    const [name, version] = stdout.trim().split('\n');
    return {
        name,
        version
    };
});
const platform = external_os_namespaceObject.platform();
const arch = external_os_namespaceObject.arch();
const isWindows = platform === 'win32';
const isMacOS = platform === 'darwin';
const isLinux = platform === 'linux';
function getDetails() {
    return platform_awaiter(this, void 0, void 0, function* () {
        return Object.assign(Object.assign({}, (yield (isWindows
            ? getWindowsInfo()
            : isMacOS
                ? getMacOsInfo()
                : getLinuxInfo()))), { platform,
            arch,
            isWindows,
            isMacOS,
            isLinux });
    });
}
//# sourceMappingURL=platform.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/core.js
var core_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};






/**
 * The code to exit an action
 */
var ExitCode;
(function (ExitCode) {
    /**
     * A code indicating that the action was successful
     */
    ExitCode[ExitCode["Success"] = 0] = "Success";
    /**
     * A code indicating that the action was a failure
     */
    ExitCode[ExitCode["Failure"] = 1] = "Failure";
})(ExitCode || (ExitCode = {}));
//-----------------------------------------------------------------------
// Variables
//-----------------------------------------------------------------------
/**
 * Sets env variable for this action and future actions in the job
 * @param name the name of the variable to set
 * @param val the value of the variable. Non-string values will be converted to a string via JSON.stringify
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
function exportVariable(name, val) {
    const convertedVal = toCommandValue(val);
    process.env[name] = convertedVal;
    const filePath = process.env['GITHUB_ENV'] || '';
    if (filePath) {
        return issueFileCommand('ENV', prepareKeyValueMessage(name, val));
    }
    issueCommand('set-env', { name }, convertedVal);
}
/**
 * Registers a secret which will get masked from logs
 *
 * @param secret - Value of the secret to be masked
 * @remarks
 * This function instructs the Actions runner to mask the specified value in any
 * logs produced during the workflow run. Once registered, the secret value will
 * be replaced with asterisks (***) whenever it appears in console output, logs,
 * or error messages.
 *
 * This is useful for protecting sensitive information such as:
 * - API keys
 * - Access tokens
 * - Authentication credentials
 * - URL parameters containing signatures (SAS tokens)
 *
 * Note that masking only affects future logs; any previous appearances of the
 * secret in logs before calling this function will remain unmasked.
 *
 * @example
 * ```typescript
 * // Register an API token as a secret
 * const apiToken = "abc123xyz456";
 * setSecret(apiToken);
 *
 * // Now any logs containing this value will show *** instead
 * console.log(`Using token: ${apiToken}`); // Outputs: "Using token: ***"
 * ```
 */
function setSecret(secret) {
    issueCommand('add-mask', {}, secret);
}
/**
 * Prepends inputPath to the PATH (for this action and future actions)
 * @param inputPath
 */
function addPath(inputPath) {
    const filePath = process.env['GITHUB_PATH'] || '';
    if (filePath) {
        issueFileCommand('PATH', inputPath);
    }
    else {
        issueCommand('add-path', {}, inputPath);
    }
    process.env['PATH'] = `${inputPath}${external_path_namespaceObject.delimiter}${process.env['PATH']}`;
}
/**
 * Gets the value of an input.
 * Unless trimWhitespace is set to false in InputOptions, the value is also trimmed.
 * Returns an empty string if the value is not defined.
 *
 * @param     name     name of the input to get
 * @param     options  optional. See InputOptions.
 * @returns   string
 */
function getInput(name, options) {
    const val = process.env[`INPUT_${name.replace(/ /g, '_').toUpperCase()}`] || '';
    if (options && options.required && !val) {
        throw new Error(`Input required and not supplied: ${name}`);
    }
    if (options && options.trimWhitespace === false) {
        return val;
    }
    return val.trim();
}
/**
 * Gets the values of an multiline input.  Each value is also trimmed.
 *
 * @param     name     name of the input to get
 * @param     options  optional. See InputOptions.
 * @returns   string[]
 *
 */
function getMultilineInput(name, options) {
    const inputs = getInput(name, options)
        .split('\n')
        .filter(x => x !== '');
    if (options && options.trimWhitespace === false) {
        return inputs;
    }
    return inputs.map(input => input.trim());
}
/**
 * Gets the input value of the boolean type in the YAML 1.2 "core schema" specification.
 * Support boolean input list: `true | True | TRUE | false | False | FALSE` .
 * The return value is also in boolean type.
 * ref: https://yaml.org/spec/1.2/spec.html#id2804923
 *
 * @param     name     name of the input to get
 * @param     options  optional. See InputOptions.
 * @returns   boolean
 */
function getBooleanInput(name, options) {
    const trueValue = ['true', 'True', 'TRUE'];
    const falseValue = ['false', 'False', 'FALSE'];
    const val = getInput(name, options);
    if (trueValue.includes(val))
        return true;
    if (falseValue.includes(val))
        return false;
    throw new TypeError(`Input does not meet YAML 1.2 "Core Schema" specification: ${name}\n` +
        `Support boolean input list: \`true | True | TRUE | false | False | FALSE\``);
}
/**
 * Sets the value of an output.
 *
 * @param     name     name of the output to set
 * @param     value    value to store. Non-string values will be converted to a string via JSON.stringify
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
function setOutput(name, value) {
    const filePath = process.env['GITHUB_OUTPUT'] || '';
    if (filePath) {
        return issueFileCommand('OUTPUT', prepareKeyValueMessage(name, value));
    }
    process.stdout.write(external_os_namespaceObject.EOL);
    issueCommand('set-output', { name }, toCommandValue(value));
}
/**
 * Enables or disables the echoing of commands into stdout for the rest of the step.
 * Echoing is disabled by default if ACTIONS_STEP_DEBUG is not set.
 *
 */
function setCommandEcho(enabled) {
    issue('echo', enabled ? 'on' : 'off');
}
//-----------------------------------------------------------------------
// Results
//-----------------------------------------------------------------------
/**
 * Sets the action status to failed.
 * When the action exits it will be with an exit code of 1
 * @param message add error issue message
 */
function setFailed(message) {
    process.exitCode = ExitCode.Failure;
    error(message);
}
//-----------------------------------------------------------------------
// Logging Commands
//-----------------------------------------------------------------------
/**
 * Gets whether Actions Step Debug is on or not
 */
function isDebug() {
    return process.env['RUNNER_DEBUG'] === '1';
}
/**
 * Writes debug message to user log
 * @param message debug message
 */
function debug(message) {
    issueCommand('debug', {}, message);
}
/**
 * Adds an error issue
 * @param message error issue message. Errors will be converted to string via toString()
 * @param properties optional properties to add to the annotation.
 */
function error(message, properties = {}) {
    issueCommand('error', toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
/**
 * Adds a warning issue
 * @param message warning issue message. Errors will be converted to string via toString()
 * @param properties optional properties to add to the annotation.
 */
function warning(message, properties = {}) {
    issueCommand('warning', toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
/**
 * Adds a notice issue
 * @param message notice issue message. Errors will be converted to string via toString()
 * @param properties optional properties to add to the annotation.
 */
function notice(message, properties = {}) {
    issueCommand('notice', toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
/**
 * Writes info to log with console.log.
 * @param message info message
 */
function info(message) {
    process.stdout.write(message + external_os_namespaceObject.EOL);
}
/**
 * Begin an output group.
 *
 * Output until the next `groupEnd` will be foldable in this group
 *
 * @param name The name of the output group
 */
function startGroup(name) {
    issue('group', name);
}
/**
 * End an output group.
 */
function endGroup() {
    issue('endgroup');
}
/**
 * Wrap an asynchronous function call in a group.
 *
 * Returns the same type as the function itself.
 *
 * @param name The name of the group
 * @param fn The function to wrap in the group
 */
function group(name, fn) {
    return core_awaiter(this, void 0, void 0, function* () {
        startGroup(name);
        let result;
        try {
            result = yield fn();
        }
        finally {
            endGroup();
        }
        return result;
    });
}
//-----------------------------------------------------------------------
// Wrapper action state
//-----------------------------------------------------------------------
/**
 * Saves state for current action, the state can only be retrieved by this action's post job execution.
 *
 * @param     name     name of the state to store
 * @param     value    value to store. Non-string values will be converted to a string via JSON.stringify
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
function saveState(name, value) {
    const filePath = process.env['GITHUB_STATE'] || '';
    if (filePath) {
        return issueFileCommand('STATE', prepareKeyValueMessage(name, value));
    }
    issueCommand('save-state', { name }, toCommandValue(value));
}
/**
 * Gets the value of an state set by this action's main execution.
 *
 * @param     name     name of the state to get
 * @returns   string
 */
function getState(name) {
    return process.env[`STATE_${name}`] || '';
}
function getIDToken(aud) {
    return core_awaiter(this, void 0, void 0, function* () {
        return yield OidcClient.getIDToken(aud);
    });
}
/**
 * Summary exports
 */

/**
 * @deprecated use core.summary
 */

/**
 * Path exports
 */

/**
 * Platform utilities exports
 */

//# sourceMappingURL=core.js.map
;// CONCATENATED MODULE: external "node:timers/promises"
const promises_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:timers/promises");
;// CONCATENATED MODULE: ./src/id.ts
/** What an ID belongs to. */
const KINDS = ['job', 'order', 'instance'];
function toId(value, secrets) {
    return { value, text: secrets.text(value) };
}
/** Returns the key of an ID in maps: IDs are compared ignoring case. */
function keyOf({ value }) {
    return value.toLowerCase();
}
const JOB_ID = /^[!-~]{1,128}$/;
/** Any other value, for example `..`, could change the path of a request. */
const INSTANCE_ID = /^[\w-]{1,128}$/;
/** Ignores case for ASCII only: other characters can have the same lower case, for example K and the kelvin sign. */
function isSameId(sent = '', requested) {
    return /^[!-~]+$/.test(sent) && sent.toLowerCase() === requested.toLowerCase();
}

;// CONCATENATED MODULE: ./src/duration.ts
/** Milliseconds. */
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/**
 * Parses a duration such as `90` (seconds), `45s`, `30m`, or `1h30m`.
 *
 * @returns milliseconds, or undefined if the text is not a duration
 */
function parseDuration(text) {
    const parts = /^(?:(\d{1,9})|(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?)$/.exec(text);
    if (parts === null || text === '')
        return undefined;
    const [, bare = '0', hours = '0', minutes = '0', seconds = '0'] = parts;
    return Number(hours) * HOUR + Number(minutes) * MINUTE + (Number(seconds) + Number(bare)) * SECOND;
}
/** Formats milliseconds in the form that {@link parseDuration} accepts, rounded to seconds: `0s`, `45s`, `1h30m`. */
function formatDuration(ms) {
    const total = Math.max(0, Math.round(ms / SECOND));
    const counts = { h: Math.floor(total / 3600), m: Math.floor(total / 60) % 60, s: total % 60 };
    const parts = Object.entries(counts).map(([unit, count]) => (count > 0 ? `${count}${unit}` : ''));
    return parts.join('') || '0s';
}

;// CONCATENATED MODULE: ./src/untrusted-text.ts
/**
 * Text from the service, the network, or an input, with secrets already removed.
 *
 * It is not a `string`, so it cannot end up in a log line, an annotation, or Markdown by accident: only
 * report/escape.ts reveals it, and escapes it for its destination.
 */
class UntrustedText {
    #text;
    /** Only secrets.ts calls this, so that nothing unredacted can be reported. */
    constructor(redacted) {
        this.#text = redacted;
    }
    /** The unescaped text, for report/escape.ts only. */
    reveal() {
        return this.#text;
    }
    equals(other) {
        return this.#text === other.#text;
    }
}
/** Tag for a {@link Phrase}: phrase`Job ${id} failed.` Substituted strings and numbers count as trusted. */
function phrase(literals, ...substitutions) {
    return literals.flatMap((literal, index) => {
        const part = substitutions[index] ?? [];
        return [literal, typeof part === 'number' ? String(part) : part].flat();
    });
}
/** Joins phrases as Array.join joins strings. */
function joinPhrases(phrases, separator) {
    return phrases.flatMap((one, index) => (index === 0 ? one : [separator, ...one]));
}

;// CONCATENATED MODULE: ./src/http/headers.ts

const MIN_RETRY_AFTER = 1 * SECOND;
const MAX_RETRY_AFTER = 5 * MINUTE;
/**
 * Parses a `Retry-After` header: seconds or an HTTP date, which the service's clock defines. Source: RFC 9110, section
 * 10.2.3. Some gateways send fractions of seconds.
 *
 * @param now wall-clock time, milliseconds since the epoch
 * @returns milliseconds, from 1 second to 5 minutes; undefined if the header is missing or invalid
 */
function readRetryAfter(headers, now) {
    const [, seconds, date = ''] = /^(\d+(?:\.\d*)?)s?$|^(.*)$/.exec(headers['retry-after']?.trim() ?? '') ?? [];
    const delay = seconds === undefined
        ? parseHttpDate(date) - now - readClockOffset(headers, now)
        : Number(seconds) * SECOND;
    return Number.isNaN(delay) ? undefined : Math.min(Math.max(delay, MIN_RETRY_AFTER), MAX_RETRY_AFTER);
}
/** Milliseconds that the service's clock is ahead of this runner's, `now`; 0 if the response has no valid date. */
function readClockOffset({ date = '' }, now) {
    return parseHttpDate(date) - now || 0;
}
/** Parses an HTTP date (RFC 9110, section 5.6.7) to milliseconds since the epoch; NaN if the text is not one. */
function parseHttpDate(text) {
    if (!/^[A-Z][a-z]{2,8},? .{1,40}$/.test(text))
        return Number.NaN;
    // The asctime form names no time zone, and means UTC.
    return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/util.js

// functions
function assertEqual(val) {
    return val;
}
function assertNotEqual(val) {
    return val;
}
function toZod() {
    return (schema) => schema;
}
function assertIs(_arg) { }
function assertNever(_x) {
    throw new Error("Unexpected value in exhaustive check");
}
function assert(_) { }
function getEnumValues(entries) {
    const numericValues = Object.values(entries).filter((v) => typeof v === "number");
    const values = Object.entries(entries)
        .filter(([k, _]) => numericValues.indexOf(+k) === -1)
        .map(([_, v]) => v);
    return values;
}
function joinValues(array, separator = "|") {
    return array.map((val) => stringifyPrimitive(val)).join(separator);
}
function jsonStringifyReplacer(_, value) {
    if (typeof value === "bigint")
        return value.toString();
    return value;
}
// the accessor lives on a shared prototype: an own accessor makes every box a dictionary-mode object (~360 B and a slow load per read against ~100 B and an inlined getter here)
class Cached {
    constructor(getter) {
        this._getter = getter;
        this._value = undefined;
    }
    get value() {
        const getter = this._getter;
        if (getter !== undefined) {
            this._value = getter();
            this._getter = undefined;
        }
        return this._value;
    }
}
function cached(getter) {
    return new Cached(getter);
}
function nullish(input) {
    return input === null || input === undefined;
}
function cleanRegex(source) {
    const start = source.startsWith("^") ? 1 : 0;
    const end = source.endsWith("$") ? source.length - 1 : source.length;
    return source.slice(start, end);
}
function floatSafeRemainder(val, step) {
    const ratio = val / step;
    const roundedRatio = Math.round(ratio);
    // `val` and `step` each round to a double before the division rounds again, so a true decimal multiple's quotient can sit up to 1.5 of these scaled epsilons from the integer. A 1x tolerance therefore rejected 2.03 as a multiple of 0.07; 4x covers the worst case with margin.
    const tolerance = 4 * Number.EPSILON * Math.max(Math.abs(ratio), 1);
    if (Math.abs(ratio - roundedRatio) < tolerance)
        return 0;
    return ratio - roundedRatio;
}
const EVALUATING = /* @__PURE__*/ (/* unused pure expression or super */ null && (Symbol("evaluating")));
function defineLazy(object, key, getter) {
    let value = undefined;
    Object.defineProperty(object, key, {
        get() {
            if (value === EVALUATING) {
                // Circular reference detected, return undefined to break the cycle
                return undefined;
            }
            if (value === undefined) {
                value = EVALUATING;
                value = getter();
            }
            return value;
        },
        set(v) {
            Object.defineProperty(object, key, {
                value: v,
                // configurable: true,
            });
            // object[key] = v;
        },
        configurable: true,
    });
}
function objectClone(obj) {
    return Object.create(Object.getPrototypeOf(obj), Object.getOwnPropertyDescriptors(obj));
}
function util_assignProp(target, prop, value) {
    Object.defineProperty(target, prop, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
    });
}
/**
 * Whichever object a def's `shape` currently answers from: the one the caller passed until the first read, the frozen copy after it.
 *
 * Its keys and descriptors read without invoking anything, which is what lets a discriminated union check its discriminator, and the cycle walk read a shape, without resolving a getter that references the schema being constructed. A def that answers `shape` from an accessor of its own has none.
 */
function rawShape(def) {
    const desc = Object.getOwnPropertyDescriptor(def, "shape");
    return desc?.get ? desc.get.raw : desc?.value;
}
// where a builder reads its source's keys and descriptors, resolving only a shape a def answers for itself. A shape resolves by object spread, so only its enumerable keys are ever part of it.
function sourceShape(schema) {
    return rawShape(schema._zod.def) ?? schema._zod.def.shape;
}
// a key whose value is not settled yet, self-caching so every read after the first gets the same one
function deferProp(target, key, getter) {
    Object.defineProperty(target, key, {
        get() {
            const value = getter();
            util_assignProp(this, key, value);
            return value;
        },
        enumerable: true,
        configurable: true,
    });
}
// Writes a settled key. A plain assignment is much cheaper than `defineProperty` and produces the same descriptor, but it runs whatever setter already answers to the key — an accessor this shape deferred, or an inherited one, which `__proto__` has on every object and prototype pollution can add for any name.
function putProp(target, key, value) {
    if (key in target)
        util_assignProp(target, key, value);
    else
        target[key] = value;
}
/**
 * Copies `keys` of `source`'s shape onto `target`, each value passed through `wrap`.
 *
 * A key the source has resolved is copied through now, so the derived shape states it outright and nothing has to resolve it to learn what it holds. A key the source still defers stays deferred, and reads back through the source's own `shape`, so it resolves once and both shapes get that one schema.
 */
function mirrorShape(target, source, keys, wrap) {
    const raw = sourceShape(source);
    for (const key of keys) {
        const desc = Object.getOwnPropertyDescriptor(raw, key);
        if (!desc.enumerable)
            continue;
        if (desc.get) {
            deferProp(target, key, () => {
                const value = source._zod.def.shape[key];
                return wrap ? wrap(value, key) : value;
            });
        }
        else
            putProp(target, key, wrap ? wrap(desc.value, key) : desc.value);
    }
}
// same, for a plain shape a caller passed rather than a schema's
function mirrorProps(target, source) {
    for (const key of Reflect.ownKeys(source)) {
        const desc = Object.getOwnPropertyDescriptor(source, key);
        if (!desc.enumerable)
            continue;
        if (desc.get)
            deferProp(target, key, () => source[key]);
        else
            putProp(target, key, desc.value);
    }
}
function mergeDefs(...defs) {
    const mergedDescriptors = {};
    for (const def of defs) {
        const descriptors = Object.getOwnPropertyDescriptors(def);
        Object.assign(mergedDescriptors, descriptors);
    }
    return Object.defineProperties({}, mergedDescriptors);
}
function cloneDef(schema) {
    return mergeDefs(schema._zod.def);
}
function getElementAtPath(obj, path) {
    if (!path)
        return obj;
    return path.reduce((acc, key) => acc?.[key], obj);
}
function promiseAllObject(promisesObj) {
    const keys = Object.keys(promisesObj);
    const promises = keys.map((key) => promisesObj[key]);
    return Promise.all(promises).then((results) => {
        const resolvedObj = {};
        for (let i = 0; i < keys.length; i++) {
            resolvedObj[keys[i]] = results[i];
        }
        return resolvedObj;
    });
}
function randomString(length = 10) {
    const chars = "abcdefghijklmnopqrstuvwxyz";
    let str = "";
    for (let i = 0; i < length; i++) {
        str += chars[Math.floor(Math.random() * chars.length)];
    }
    return str;
}
function esc(str) {
    return JSON.stringify(str);
}
function slugify(input) {
    return input
        .toLowerCase()
        .trim()
        .replace(/[^\w\s-]/g, "")
        .replace(/[\s_-]+/g, "-")
        .replace(/^-+|-+$/g, "");
}
const captureStackTrace = ("captureStackTrace" in Error ? Error.captureStackTrace : (..._args) => { });
function util_isObject(data) {
    return typeof data === "object" && data !== null && !Array.isArray(data);
}
const util_allowsEval = /* @__PURE__*/ cached(() => {
    // Skip the probe under `jitless`: strict CSPs report the caught `new Function` as a `securitypolicyviolation` even though the throw is swallowed.
    if (globalConfig.jitless) {
        return false;
    }
    // @ts-ignore
    if (typeof navigator !== "undefined" && navigator?.userAgent?.includes("Cloudflare")) {
        return false;
    }
    try {
        const F = Function;
        new F("");
        return true;
    }
    catch (_) {
        return false;
    }
});
function isPlainObject(o) {
    if (util_isObject(o) === false)
        return false;
    // modified constructor
    const ctor = o.constructor;
    if (ctor === undefined)
        return true;
    if (typeof ctor !== "function")
        return true;
    // modified prototype
    const prot = ctor.prototype;
    if (util_isObject(prot) === false)
        return false;
    // ctor doesn't have static `isPrototypeOf`
    if (Object.prototype.hasOwnProperty.call(prot, "isPrototypeOf") === false) {
        return false;
    }
    return true;
}
function shallowClone(o) {
    if (isPlainObject(o))
        return { ...o };
    if (Array.isArray(o))
        return [...o];
    if (o instanceof Map)
        return new Map(o);
    if (o instanceof Set)
        return new Set(o);
    return o;
}
function numKeys(data) {
    let keyCount = 0;
    for (const key in data) {
        if (Object.prototype.hasOwnProperty.call(data, key)) {
            keyCount++;
        }
    }
    return keyCount;
}
const getParsedType = (data) => {
    const t = typeof data;
    switch (t) {
        case "undefined":
            return "undefined";
        case "string":
            return "string";
        case "number":
            return Number.isNaN(data) ? "nan" : "number";
        case "boolean":
            return "boolean";
        case "function":
            return "function";
        case "bigint":
            return "bigint";
        case "symbol":
            return "symbol";
        case "object":
            if (Array.isArray(data)) {
                return "array";
            }
            if (data === null) {
                return "null";
            }
            if (data.then && typeof data.then === "function" && data.catch && typeof data.catch === "function") {
                return "promise";
            }
            if (typeof Map !== "undefined" && data instanceof Map) {
                return "map";
            }
            if (typeof Set !== "undefined" && data instanceof Set) {
                return "set";
            }
            if (typeof Date !== "undefined" && data instanceof Date) {
                return "date";
            }
            // @ts-ignore
            if (typeof File !== "undefined" && data instanceof File) {
                return "file";
            }
            return "object";
        default:
            throw new Error(`Unknown data type: ${t}`);
    }
};
const propertyKeyTypes = /* @__PURE__*/ new Set(["string", "number", "symbol"]);
const primitiveTypes = /* @__PURE__*/ new Set([
    "string",
    "number",
    "bigint",
    "boolean",
    "symbol",
    "undefined",
]);
function escapeRegex(str) {
    return str.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
// zod-specific utils
function clone(inst, def, params) {
    const cl = new inst._zod.constr(def ?? inst._zod.def);
    if (!def || params?.parent)
        cl._zod.parent = inst;
    return cl;
}
function normalizeParams(_params) {
    const params = _params;
    if (!params)
        return {};
    if (typeof params === "string")
        return { error: () => params };
    if (params?.message !== undefined) {
        if (params?.error !== undefined)
            throw new Error("Cannot specify both `message` and `error` params");
        params.error = params.message;
    }
    delete params.message;
    if (typeof params.error === "string")
        return { ...params, error: () => params.error };
    return params;
}
function createTransparentProxy(getter) {
    let target;
    return new Proxy({}, {
        get(_, prop, receiver) {
            target ?? (target = getter());
            return Reflect.get(target, prop, receiver);
        },
        set(_, prop, value, receiver) {
            target ?? (target = getter());
            return Reflect.set(target, prop, value, receiver);
        },
        has(_, prop) {
            target ?? (target = getter());
            return Reflect.has(target, prop);
        },
        deleteProperty(_, prop) {
            target ?? (target = getter());
            return Reflect.deleteProperty(target, prop);
        },
        ownKeys(_) {
            target ?? (target = getter());
            return Reflect.ownKeys(target);
        },
        getOwnPropertyDescriptor(_, prop) {
            target ?? (target = getter());
            return Reflect.getOwnPropertyDescriptor(target, prop);
        },
        defineProperty(_, prop, descriptor) {
            target ?? (target = getter());
            return Reflect.defineProperty(target, prop, descriptor);
        },
    });
}
function stringifyPrimitive(value) {
    if (typeof value === "bigint")
        return value.toString() + "n";
    if (typeof value === "string")
        return `"${value}"`;
    return `${value}`;
}
function optionalKeys(shape) {
    return Object.keys(shape).filter((k) => {
        return shape[k]._zod.optin !== undefined && shape[k]._zod.optout === "optional";
    });
}
// Wrapped in a `@__PURE__` IIFE: esbuild never tree-shakes a top-level initializer that contains a member access on `Number`, so the bare object literal survived into every bundle.
const NUMBER_FORMAT_RANGES = /*@__PURE__*/ (() => ({
    safeint: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    int32: [-2147483648, 2147483647],
    uint32: [0, 4294967295],
    float32: [-3.4028234663852886e38, 3.4028234663852886e38],
    float64: [-Number.MAX_VALUE, Number.MAX_VALUE],
}))();
const BIGINT_FORMAT_RANGES = {
    int64: [/* @__PURE__*/ BigInt("-9223372036854775808"), /* @__PURE__*/ BigInt("9223372036854775807")],
    uint64: [/* @__PURE__*/ BigInt(0), /* @__PURE__*/ BigInt("18446744073709551615")],
};
function pick(schema, mask) {
    const currDef = schema._zod.def;
    const checks = currDef.checks;
    const hasChecks = checks && checks.length > 0;
    if (hasChecks) {
        throw new Error(".pick() cannot be used on object schemas containing refinements");
    }
    const newShape = {};
    mirrorShape(newShape, schema, maskedKeys(schema, mask));
    return clone(schema, mergeDefs(currDef, { shape: newShape, checks: [] }));
}
// the mask keys that select something, checked against the source's shape without resolving it
function maskedKeys(schema, mask) {
    const raw = sourceShape(schema);
    const keys = [];
    // `for...in` skips symbols, so a symbol in the mask would select nothing
    for (const key of Reflect.ownKeys(mask)) {
        if (!Object.getOwnPropertyDescriptor(raw, key)?.enumerable) {
            throw new Error(`Unrecognized key: "${String(key)}"`);
        }
        if (mask[key])
            keys.push(key);
    }
    return keys;
}
function omit(schema, mask) {
    const currDef = schema._zod.def;
    const checks = currDef.checks;
    const hasChecks = checks && checks.length > 0;
    if (hasChecks) {
        throw new Error(".omit() cannot be used on object schemas containing refinements");
    }
    const omitted = new Set(maskedKeys(schema, mask));
    const newShape = {};
    mirrorShape(newShape, schema, Reflect.ownKeys(sourceShape(schema)).filter((key) => !omitted.has(key)));
    return clone(schema, mergeDefs(currDef, { shape: newShape, checks: [] }));
}
function extend(schema, shape) {
    if (!isPlainObject(shape)) {
        throw new Error("Invalid input to extend: expected a plain object");
    }
    const checks = schema._zod.def.checks;
    const hasChecks = checks && checks.length > 0;
    if (hasChecks) {
        // Only throw if new shape overlaps with existing shape. Use getOwnPropertyDescriptor to check key existence without accessing values
        const existingShape = sourceShape(schema);
        for (const key of Reflect.ownKeys(shape)) {
            if (Object.getOwnPropertyDescriptor(existingShape, key) !== undefined) {
                throw new Error("Cannot overwrite keys on object schemas containing refinements. Use `.safeExtend()` instead.");
            }
        }
    }
    return clone(schema, mergeDefs(schema._zod.def, { shape: extended(schema, shape) }));
}
// the source's keys, then the caller's overlaid on top
function extended(schema, shape) {
    const newShape = {};
    mirrorShape(newShape, schema, Reflect.ownKeys(sourceShape(schema)));
    mirrorProps(newShape, shape);
    return newShape;
}
function safeExtend(schema, shape) {
    if (!isPlainObject(shape)) {
        throw new Error("Invalid input to safeExtend: expected a plain object");
    }
    return clone(schema, mergeDefs(schema._zod.def, { shape: extended(schema, shape) }));
}
function merge(a, b) {
    if (!b?._zod?.def) {
        throw new Error("Invalid input to merge: expected an object schema. To merge a plain shape, use `.extend()`.");
    }
    if (a._zod.def.checks?.length) {
        throw new Error(".merge() cannot be used on object schemas containing refinements. Use .safeExtend() instead.");
    }
    const newShape = {};
    mirrorShape(newShape, a, Reflect.ownKeys(sourceShape(a)));
    mirrorShape(newShape, b, Reflect.ownKeys(sourceShape(b)));
    const def = mergeDefs(a._zod.def, {
        shape: newShape,
        get catchall() {
            return b._zod.def.catchall;
        },
        checks: b._zod.def.checks ?? [],
    });
    return clone(a, def);
}
function partial(Class, schema, mask, name = "partial") {
    const currDef = schema._zod.def;
    const checks = currDef.checks;
    const hasChecks = checks && checks.length > 0;
    if (hasChecks) {
        throw new Error(`.${name}() cannot be used on object schemas containing refinements`);
    }
    const selected = mask ? new Set(maskedKeys(schema, mask)) : undefined;
    const newShape = {};
    mirrorShape(newShape, schema, Reflect.ownKeys(sourceShape(schema)), Class &&
        ((value, key) => (selected && !selected.has(key) ? value : new Class({ type: "optional", innerType: value }))));
    return clone(schema, mergeDefs(schema._zod.def, { shape: newShape, checks: [] }));
}
function required(Class, schema, mask) {
    const selected = mask ? new Set(maskedKeys(schema, mask)) : undefined;
    const newShape = {};
    mirrorShape(newShape, schema, Reflect.ownKeys(sourceShape(schema)), (value, key) => 
    // overwrite with non-optional
    selected && !selected.has(key) ? value : new Class({ type: "nonoptional", innerType: value }));
    return clone(schema, mergeDefs(schema._zod.def, { shape: newShape }));
}
// invalid_type | too_big | too_small | invalid_format | not_multiple_of | unrecognized_keys | invalid_union | invalid_key | invalid_element | invalid_value | custom
function aborted(x, startIndex = 0) {
    if (x.aborted === true)
        return true;
    for (let i = startIndex; i < x.issues.length; i++) {
        if (x.issues[i]?.continue !== true) {
            return true;
        }
    }
    return false;
}
// Checks for explicit abort (continue === false), as opposed to implicit abort (continue === undefined). Used to respect `abort: true` in .refine() even for checks that have a `when` function.
function explicitlyAborted(x, startIndex = 0) {
    if (x.aborted === true)
        return true;
    for (let i = startIndex; i < x.issues.length; i++) {
        if (x.issues[i]?.continue === false) {
            return true;
        }
    }
    return false;
}
function prefixIssues(path, issues) {
    return issues.map((iss) => {
        var _a;
        (_a = iss).path ?? (_a.path = []);
        iss.path.unshift(path);
        return iss;
    });
}
function unwrapMessage(message) {
    return typeof message === "string" ? message : message?.message;
}
/* A check holds no link back to the schema it is attached to — the same check instance is shared by every clone of that schema — so the owner is stamped onto the issues a check just raised, at the only point where both are in scope. Runs on the failure path only; `start` is the issue count from before the check ran. */
/** The leading size checks of `defChecks` that set an upper bound, each paired with it. */
function sizeCaps(defChecks) {
    const caps = [];
    for (const ch of defChecks ?? []) {
        const d = ch._zod.def;
        // a later check may rewrite the value
        if (!/_(length|size)$|_equals$/.test(d.check))
            break;
        const max = d.maximum ?? d.length ?? d.size;
        if (max >= 0)
            caps.push([max, ch]);
    }
    return caps;
}
function attachSchema(issues, start, inst) {
    var _a;
    for (let i = start; i < issues.length; i++) {
        (_a = issues[i]).schema ?? (_a.schema = inst);
    }
}
function finalizeIssue(iss, ctx, config) {
    var _a;
    // A schema that raised an issue itself owns it outright, and outranks any stamp an enclosing check left in `attachSchema`. String formats and z.custom() are schema and check at once, so when they act as a check they defer to that stamp instead.
    const traits = iss.inst?._zod?.traits;
    if (traits?.has("$ZodType")) {
        if (traits.has("$ZodCheck"))
            (_a = iss).schema ?? (_a.schema = iss.inst);
        else
            iss.schema = iss.inst;
    }
    // Decreasing specificity, first map to return a message wins. `inst` is whatever raised the issue, so a check's own map outranks the owning schema's.
    const schemaError = iss.schema !== iss.inst ? iss.schema?._zod.def?.error : undefined;
    const message = iss.message
        ? iss.message
        : (unwrapMessage(iss.inst?._zod.def?.error?.(iss)) ??
            unwrapMessage(schemaError?.(iss)) ??
            unwrapMessage(ctx?.error?.(iss)) ??
            unwrapMessage(config.customError?.(iss)) ??
            unwrapMessage(config.localeError?.(iss)) ??
            "Invalid input");
    // an explicit own-key copy beats object rest with excluded keys, which v8 routes through a generic runtime call; Object.keys rather than for-in so an issue pushed with a prototype does not leak inherited keys, and an own __proto__ key is dropped rather than assigned through the setter
    const full = {};
    for (const k of Object.keys(iss)) {
        if (k === "inst" || k === "schema" || k === "continue" || k === "input" || k === "__proto__")
            continue;
        full[k] = iss[k];
    }
    full.path ?? (full.path = []);
    full.message = message;
    if (ctx?.reportInput) {
        full.input = iss.input;
    }
    return full;
}
function getSizableOrigin(input) {
    if (input instanceof Set)
        return "set";
    if (input instanceof Map)
        return "map";
    // @ts-ignore
    if (input instanceof File)
        return "file";
    return "unknown";
}
const highSurrogate = /[\uD800-\uDBFF]/;
// Code points in `str`: a surrogate pair counts once, a lone surrogate as itself. Hand-rolled because the string iterator allocates and runs ~250x slower on this path; the regex probe exits ~50x quicker for a string with no astral characters.
function codePointLength(str) {
    const units = str.length;
    if (!highSurrogate.test(str))
        return units;
    let count = units;
    for (let i = 0; i < units - 1; i++) {
        if ((str.charCodeAt(i) & 0xfc00) === 0xd800 && (str.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
            count--;
            i++;
        }
    }
    return count;
}
function getLengthableOrigin(input) {
    if (Array.isArray(input))
        return "array";
    if (typeof input === "string")
        return "string";
    return "unknown";
}
function parsedType(data) {
    const t = typeof data;
    switch (t) {
        case "number": {
            return Number.isNaN(data) ? "nan" : "number";
        }
        case "object": {
            if (data === null) {
                return "null";
            }
            if (Array.isArray(data)) {
                return "array";
            }
            const obj = data;
            if (obj && Object.getPrototypeOf(obj) !== Object.prototype && "constructor" in obj && obj.constructor) {
                return obj.constructor.name;
            }
        }
    }
    return t;
}
function util_issue(...args) {
    const [iss, input, inst] = args;
    if (typeof iss === "string") {
        return {
            message: iss,
            code: "custom",
            input,
            inst,
        };
    }
    return { ...iss };
}
function cleanEnum(obj) {
    return Object.entries(obj)
        .filter(([k, _]) => {
        // return true if NaN, meaning it's not a number, thus a string key
        return Number.isNaN(Number.parseInt(k, 10));
    })
        .map((el) => el[1]);
}
// Codec utility functions
function base64ToUint8Array(base64) {
    const binaryString = atob(base64);
    const bytes = new Uint8Array(binaryString.length);
    for (let i = 0; i < binaryString.length; i++) {
        bytes[i] = binaryString.charCodeAt(i);
    }
    return bytes;
}
function uint8ArrayToBase64(bytes) {
    let binaryString = "";
    for (let i = 0; i < bytes.length; i++) {
        binaryString += String.fromCharCode(bytes[i]);
    }
    return btoa(binaryString);
}
function base64urlToUint8Array(base64url) {
    const base64 = base64url.replace(/-/g, "+").replace(/_/g, "/");
    const padding = "=".repeat((4 - (base64.length % 4)) % 4);
    return base64ToUint8Array(base64 + padding);
}
function uint8ArrayToBase64url(bytes) {
    return uint8ArrayToBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
function hexToUint8Array(hex) {
    const cleanHex = hex.replace(/^0x/, "");
    if (cleanHex.length % 2 !== 0) {
        throw new Error("Invalid hex string length");
    }
    const bytes = new Uint8Array(cleanHex.length / 2);
    for (let i = 0; i < cleanHex.length; i += 2) {
        bytes[i / 2] = Number.parseInt(cleanHex.slice(i, i + 2), 16);
    }
    return bytes;
}
function uint8ArrayToHex(bytes) {
    return Array.from(bytes)
        .map((b) => b.toString(16).padStart(2, "0"))
        .join("");
}
// instanceof
class Class {
    constructor(..._args) { }
}
//////////    PROTOTYPE INSTALLERS     //////////
//
// Members live on the prototype and materialize per instance on first read, which keeps own-property count under the step where V8 stops using inline slots. Changing anything here means re-measuring runtime, memory and bundle size together — see "The three axes" in AGENTS.md.
/**
 * Installs a trait's members on its prototype. Each value builds that member for the instance on first read; the built value shadows the accessor as an own property, so a detached `const { parse } = schema` keeps working.
 *
 * Call this from a `proto` initializer, which runs once per prototype — never per instance.
 */
function members(proto, table) {
    for (const key in table) {
        const desc = Object.getOwnPropertyDescriptor(table, key);
        // a getter installs as written, so it stays live: `description` reads through to the registry on every access. not enumerable: an object literal's is, and a prototype member never was
        if (desc.get)
            Object.defineProperty(proto, key, { ...desc, enumerable: false });
        // a method materializes bound on first read, which is what keeps a detached member working: `const opt = schema.optional; opt()`
        else
            defineBound(proto, key, desc.value);
    }
}
/** Shadows a prototype member with an own value, so a getter that builds from the instance runs once. */
function own(inst, key, value, enumerable = true) {
    Object.defineProperty(inst, key, { configurable: true, writable: true, enumerable, value });
    return value;
}
/** Like {@link own}, for a member that was never an own data property and has to stay out of `Object.keys`. */
function hide(inst, key, value) {
    return own(inst, key, value, false);
}
/** Adds members a table derives from the instance: each builds on first read and shadows as own data, and assignment shadows the same way, as when these were own properties. */
function derived(computes, table) {
    for (const key in computes) {
        const compute = computes[key];
        // an object literal's accessor is configurable and enumerable, and `members` copies the descriptor as written
        Object.defineProperty(table, key, {
            configurable: true,
            enumerable: true,
            get() {
                return own(this, key, compute(this));
            },
            set(value) {
                own(this, key, value);
            },
        });
    }
    return table;
}
function defineBound(proto, key, fn) {
    Object.defineProperty(proto, key, {
        configurable: true,
        get() {
            // vitest's spyOn calls a prototype getter bare to find the function it wraps, so a nullish receiver answers the raw method
            return this == null ? fn : own(this, key, fn.bind(this));
        },
        set(value) {
            own(this, key, value);
        },
    });
}
/** Returns the prototype to install on, or `undefined` if this group is already installed on it. */
function claim(inst, sentinel) {
    const proto = Object.getPrototypeOf(inst);
    // Runs on every construction, so `in` rather than the costlier `hasOwnProperty.call`. Sentinels are keys the group itself defines.
    return sentinel in proto ? undefined : proto;
}
// The internals whose init chain is installing. A second call for the same one is a derived constructor overriding its base, so it must not construct another schema in between or the override is dropped.
let installing;
// Set while a getter is running, so a value that resolved through a recursion break is not memoized. One shared descriptor shadows the key for the duration, which costs no per-key allocation.
let broke = false;
const breaker = {
    configurable: true,
    get() {
        broke = true;
        return undefined;
    },
};
/**
 * Installs a lazily-derived internal on the `_zod` prototype of `inst`'s
 * constructor, computed from the internals object itself and cached there on
 * first read. One accessor per constructor rather than one per instance.
 */
function defineLazyInternal(inst, key, compute) {
    const proto = Object.getPrototypeOf(inst._zod);
    if (key in proto && installing !== inst._zod) {
        // A repeat construction: everything is installed already. Cleared here so the reference is not held past the first construction of every type.
        installing = undefined;
        return;
    }
    installing = inst._zod;
    Object.defineProperty(proto, key, {
        configurable: true,
        get() {
            // Shadowed before computing so a re-entrant read from a recursive schema resolves to undefined instead of running the getter again.
            Object.defineProperty(this, key, breaker);
            const outer = broke;
            broke = false;
            try {
                const value = compute(this);
                // A result that resolved through a recursion break is recomputed once the graph is complete; everything else memoizes, undefined included.
                if (broke)
                    delete this[key];
                else
                    Object.defineProperty(this, key, { configurable: true, writable: true, value });
                broke = broke || outer;
                return value;
            }
            catch (err) {
                // A compute that threw memoizes nothing, so a later read runs it again and fails the same way. The shadow goes with it, since leaving it installed would answer undefined for every later read.
                delete this[key];
                broke = broke || outer;
                throw err;
            }
        },
        set(value) {
            Object.defineProperty(this, key, { configurable: true, writable: true, value });
        },
    });
}
/**
 * Installs `key` on `inst`'s prototype, computed by `make` on first read and cached there as an own
 * data property. One accessor per constructor rather than one per instance, because an own accessor
 * puts every instance after the first into v8 dictionary mode. The key doubles as the sentinel.
 */
function installLazyProp(inst, key, make, enumerable) {
    const proto = claim(inst, key);
    if (!proto)
        return;
    Object.defineProperty(proto, key, {
        configurable: true,
        get() {
            // Shadowed before computing, so a re-entrant read from a self-referential shape resolves to undefined instead of running the getter again. A data property rather than an accessor: an own accessor is the dictionary-mode transition this exists to avoid.
            const desc = { configurable: true, writable: true, enumerable, value: undefined };
            Object.defineProperty(this, key, desc);
            // a compute that throws leaves the shadow behind, so later reads answer undefined instead of re-throwing; `defineLazy` did the same, and `defineLazyInternal`'s delete-on-catch would cost bytes in every bundle for a case only a throwing user getter reaches
            desc.value = make(this);
            Object.defineProperty(this, key, desc);
            return desc.value;
        },
        set(value) {
            Object.defineProperty(this, key, { configurable: true, writable: true, enumerable, value });
        },
    });
}
/** Marks the thunk `_catch` synthesises for a constant catch value. `Function.length` cannot tell that thunk from a user callback — rest and defaulted parameters both report arity 0 — and a user callback reads `ctx.error`, whose issues only finalize correctly against the caller's per-parse error map. Provenance can say what arity cannot. A plain string key rather than `Symbol.for`, whose call at module scope no bundler can prove pure — the same shape that anchored `urlCanParse` into every build. */
const CONSTANT_CATCH = "~constantCatch";
/** Wraps a constant catch value in a thunk tagged with {@link CONSTANT_CATCH}. */
function constantCatch(value) {
    const fn = () => value;
    fn[CONSTANT_CATCH] = true;
    return fn;
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/core.js
var _a;

/** A special constant with type `never` */
const NEVER = /*@__PURE__*/ Object.freeze({
    status: "aborted",
});
/* Shared descriptor for installing `_zod`; defineProperty reads it
 * synchronously, so reusing one object avoids a per-instance allocation. */
const _zodDesc = { value: undefined, enumerable: false };
// null where suppressing the capture would be unrecoverable: `parse()` puts the frames back with `captureStackTrace`, so without it the throw would lose its stack. also latched to null once `stackTraceLimit` proves unassignable, which a realm can do at any point by hardening Error
let _E = "captureStackTrace" in Error ? Error : null;
// v8 captures a stack trace inside the Error constructor, which dominates a failed parse; costs only the frames, and parse() restores those. the constructor must RUN: Object.create is cheaper and passes instanceof, but Error.isError and util.types.isNativeError check an internal slot
function newError(Definition) {
    const E = _E;
    if (E) {
        const saved = E.stackTraceLimit;
        if (typeof saved === "number") {
            try {
                E.stackTraceLimit = 0;
            }
            catch {
                _E = null;
                return new Definition();
            }
            try {
                return new Definition();
            }
            finally {
                E.stackTraceLimit = saved;
            }
        }
    }
    return new Definition();
}
function $constructor(name, initializer, 
/** This trait's members, installed once on every prototype that composes it. They cannot be declared in the initializer above: that runs per instance, and the prototype is shared. */
proto, params) {
    // Prototype for this constructor's `_zod` internals. Lazily-derived fields (`values`, `pattern`, `optin`, …) install here once rather than as an accessor on every instance.
    const zodProto = {};
    // Assigning the fields in the constructor body is what gives instances in-object slots; building the object literally and reparenting it costs a second allocation and a generic property copy.
    function Internals(def) {
        this.def = def;
        this.constr = _;
        this.traits = new Set();
    }
    Internals.prototype = zodProto;
    const protoMembers = proto;
    // One trait's members land on every prototype whose chain composes it, so the answer is per prototype rather than per trait.
    const initialized = protoMembers && new WeakSet();
    function init(inst, def) {
        if (!inst._zod) {
            _zodDesc.value = new Internals(def);
            try {
                Object.defineProperty(inst, "_zod", _zodDesc);
            }
            finally {
                // Cleared even on throw, so the shared descriptor never leaks one instance's internals into the next.
                _zodDesc.value = undefined;
            }
        }
        else if (inst._zod.traits.has(name)) {
            return;
        }
        inst._zod.traits.add(name);
        initializer(inst, def);
        if (initialized) {
            // `super(def)` from a user subclass gives `this` a prototype the subclass owns, and installing there would overwrite whatever the subclass declared. `constr` built the instance, so its prototype is the one below the subclass's that should carry the members. A receiver whose chain never reaches that prototype installs on its own, which for a plain object handed straight to `init` means `Object.prototype` — unchanged from before.
            const own = Object.getPrototypeOf(inst);
            const ctorProto = inst._zod.constr.prototype;
            let up = own;
            while (up && up !== ctorProto)
                up = Object.getPrototypeOf(up);
            const target = up ?? own;
            if (!initialized.has(target)) {
                initialized.add(target);
                members(target, protoMembers);
            }
        }
        // support prototype modifications; for-in avoids the array allocation of Object.keys on the (usually empty) prototype
        const proto = _.prototype;
        for (const k in proto) {
            if (!Object.prototype.hasOwnProperty.call(proto, k))
                continue;
            if (!(k in inst)) {
                inst[k] = proto[k].bind(inst);
            }
        }
    }
    // doesn't work if Parent has a constructor with arguments
    const Parent = params?.Parent ?? Object;
    class Definition extends Parent {
    }
    Object.defineProperty(Definition, "name", { value: name });
    function _(def) {
        const inst = params?.Parent ? newError(Definition) : this;
        init(inst, def);
        const deferred = inst._zod.deferred;
        if (deferred) {
            for (const fn of deferred) {
                fn();
            }
            // Released: initializers run once, and the list would otherwise be retained for the schema's lifetime.
            inst._zod.deferred = undefined;
        }
        // Global post-processor hook. Internal: installed by `import "zod/compile"` to enable AOT compilation for every constructed schema. Runs last, once the instance is fully built, because it hands the instance to compile(). The post-processor is expected to be reentrancy-guarded by its own implementation.
        const pp = globalThis.__zod_globalConfig?.postProcessor;
        if (pp)
            pp(inst);
        return inst;
    }
    Object.defineProperty(_, "init", { value: init });
    Object.defineProperty(_, Symbol.hasInstance, {
        value: (inst) => {
            if (params?.Parent && inst instanceof params.Parent)
                return true;
            return inst?._zod?.traits?.has(name);
        },
    });
    Object.defineProperty(_, "name", { value: name });
    return _;
}
//////////////////////////////   UTILITIES   ///////////////////////////////////////
const $brand = /*@__PURE__*/ (/* unused pure expression or super */ null && (Symbol("zod_brand")));
class $ZodAsyncError extends Error {
    constructor() {
        super(`Encountered Promise during synchronous parse. Use .parseAsync() instead.`);
    }
}
class $ZodEncodeError extends Error {
    constructor(name) {
        super(`Encountered unidirectional transform during encode: ${name}`);
        this.name = "ZodEncodeError";
    }
}
(_a = globalThis).__zod_globalConfig ?? (_a.__zod_globalConfig = {});
const globalConfig = globalThis.__zod_globalConfig;
function config(newConfig) {
    if (newConfig)
        Object.assign(globalConfig, newConfig);
    return globalConfig;
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/memoizer.js

class $ZodCyclicError extends Error {
    constructor() {
        super(`Cannot parse a reference cycle that closes through a transform`);
        this.name = "ZodCyclicError";
    }
}
/** Keyed off the context object every schema in one parse call already shares. */
const STATE = "~memo";
const NO_ISSUES = [];
// a value a cycle can close through
function isRef(value) {
    return value !== null && typeof value === "object";
}
// Receivers prefix paths in place, so the cache and every hand-out need their own copies.
function cloneIssues(issues) {
    return issues.map((iss) => (iss.path ? { ...iss, path: iss.path.slice() } : { ...iss }));
}
const recursive = /*@__PURE__*/ new WeakMap();
/** What the walk established, in order of certainty: ordered so the strongest answer among children wins. */
const NONE = 0;
const ASSUMED = 1;
const PROVEN = 2;
/** Whether this schema's subtree contains a cycle, so one parse can re-enter it. */
function isRecursive(inst, stack, resolve) {
    const cached = recursive.get(inst);
    if (cached !== undefined)
        return cached ? PROVEN : NONE;
    // Relative to the walk in progress, so not cached.
    if (stack.has(inst))
        return PROVEN;
    stack.add(inst);
    let result = NONE;
    const check = (child) => {
        if (result !== PROVEN && child?._zod) {
            const answer = isRecursive(child, stack, resolve);
            if (answer > result)
                result = answer;
        }
    };
    // `Reflect.ownKeys` rather than `Object.keys`, so a cycle through a declared symbol key is still seen
    const shape = (sh, spread) => {
        let answer = NONE;
        for (const key of Reflect.ownKeys(sh)) {
            const desc = Object.getOwnPropertyDescriptor(sh, key);
            // an object resolves its shape by spread, so a key it does not enumerate is never parsed; `z.properties` reads every own key and so keeps them all
            if (spread && !desc.enumerable)
                continue;
            // resolving runs user code, and a factory mints a fresh subtree per read, so an edge the walk can't follow counts as a cycle
            const child = desc.get ? ASSUMED : desc.value?._zod ? isRecursive(desc.value, stack, resolve) : NONE;
            if (child > answer)
                answer = child;
        }
        return answer;
    };
    const merge = (answer) => {
        if (answer > result)
            result = answer;
    };
    const def = inst._zod.def;
    const kind = def.type;
    switch (kind) {
        case "object": {
            const raw = rawShape(def);
            // a def with no raw shape answers `shape` from an accessor of its own, and running that can mint a whole fresh subtree
            merge(raw ? shape(raw, true) : ASSUMED);
            check(def.catchall);
            break;
        }
        case "array":
            check(def.element);
            break;
        case "tuple":
            for (const el of def.items)
                check(el);
            check(def.rest);
            break;
        case "record":
        case "map":
            check(def.keyType);
            check(def.valueType);
            break;
        case "set":
            check(def.valueType);
            break;
        case "union":
            for (const el of def.options)
                check(el);
            break;
        case "intersection":
            check(def.left);
            check(def.right);
            break;
        case "optional":
        case "nullable":
        case "default":
        case "prefault":
        case "catch":
        case "readonly":
        case "nonoptional":
        case "promise":
        case "success":
            check(def.innerType);
            break;
        case "pipe":
            check(def.in);
            check(def.out);
            break;
        case "function":
            check(def.input);
            check(def.output);
            break;
        // `$ZodLazy` caches its inner on the def, so a resolved edge is followed exactly
        case "lazy": {
            const inner = def._cachedInner ?? (resolve ? inst._zod.innerType : undefined);
            // walked with resolution off: one hop sees past the deferral, and a lazy that yields only another unresolved lazy is generative, so it stops there
            merge(inner ? isRecursive(inner, stack, false) : ASSUMED);
            break;
        }
        // a leaf by choice: `parts` are regex fragments, not data positions
        case "template_literal":
        // leaves
        case "string":
        case "number":
        case "int":
        case "boolean":
        case "bigint":
        case "symbol":
        case "undefined":
        case "null":
        case "void":
        case "never":
        case "any":
        case "unknown":
        case "date":
        case "nan":
        case "enum":
        case "literal":
        case "file":
        case "transform":
        case "custom":
            break;
        default: {
            // a new built-in kind becomes a compile error here
            kind;
            // a user-defined kind can still hold children, and only its author knows where, so fall back to scanning the def — skipping accessors, since reading one can run user code
            for (const key in def) {
                const desc = Object.getOwnPropertyDescriptor(def, key);
                if (!desc || desc.get)
                    continue;
                const value = desc.value;
                if (!value || typeof value !== "object")
                    continue;
                if (value._zod)
                    check(value);
                else if (Array.isArray(value))
                    for (const el of value)
                        check(el);
            }
        }
    }
    stack.delete(inst);
    return settle(inst, result);
}
/** An assumed answer must not outlive the resolution that settles it, so only a certain one is cached. */
function settle(inst, answer) {
    if (answer !== ASSUMED)
        recursive.set(inst, answer === PROVEN);
    return answer;
}
/**
 * Whether one parse can re-enter this schema, i.e. its subtree contains a cycle.
 * Exported for `z.compile`, which refuses to compile such a schema: cycle
 * breaking is driven from here off state keyed on the parse context, and a
 * generated fast path has no context to key on.
 */
function isRecursiveSchema(inst) {
    // z.compile never parses, so nothing would ever resolve a lazy for it; it runs once and already treats a throw here as recursive
    return isRecursive(inst, new Set(), true) !== NONE;
}
function bucketFor(state, inst) {
    let bucket = state.buckets.get(inst);
    if (!bucket) {
        bucket = new WeakMap();
        state.buckets.set(inst, bucket);
    }
    return bucket;
}
// Set immediately before delegating to core and cleared immediately after, so `alloc` registers only for a visit this module is driving.
let handoff;
// Allocated but unfinished entries. `alloc` and the matching pop both happen in the synchronous part of a parse, so they nest even when children are async, and one stack serves every schema.
const memoizer_open = [];
const memo = {
    alloc(_inst, payload, empty) {
        const bucket = handoff;
        if (!bucket)
            return empty;
        handoff = undefined;
        const entry = { value: empty, issues: null };
        bucket.set(payload.value, entry);
        memoizer_open.push(entry);
        return empty;
    },
    guard(inst) {
        var _a;
        (_a = inst._zod).deferred ?? (_a.deferred = []);
        inst._zod.deferred.push(() => {
            const base = inst._zod.parse;
            const wrapped = (payload, ctx) => {
                // The value is a placeholder a back-edge is still waiting on, so the cycle closes through this transform. Its output can't exist in time to bind.
                if (ctx.direction !== "backward" && isBackEdge(ctx, payload.value))
                    throw new $ZodCyclicError();
                return base(payload, ctx);
            };
            inst._zod.parse = wrapped;
            if (inst._zod.run === base)
                inst._zod.run = wrapped;
        });
    },
    attach(inst) {
        var _a;
        let isRecursiveInst;
        let rechecked = false;
        // a recursive schema is re-entered many times per parse and its bucket never changes
        let lastCtx;
        let lastBucket;
        // Wraps `parse` in a deferred so it sees the container's final parse. Core's own deferred copies `parse` into `run` when there are no checks, and it ran first, so `run` is patched to match; with checks, `run` reads `parse` dynamically.
        (_a = inst._zod).deferred ?? (_a.deferred = []);
        inst._zod.deferred.push(() => {
            const base = inst._zod.parse;
            const wrapped = (payload, ctx) => {
                if (isRecursiveInst === undefined) {
                    const walked = isRecursive(inst, new Set(), false);
                    if (walked === NONE) {
                        // Nothing here can ever fire, so take it back out.
                        inst._zod.parse = base;
                        if (inst._zod.run === wrapped)
                            inst._zod.run = base;
                        return base(payload, ctx);
                    }
                    // this parse resolves the deferred edges on its own path, so ask once more before latching
                    if (walked === PROVEN || rechecked)
                        isRecursiveInst = true;
                    else
                        rechecked = true;
                }
                const input = payload.value;
                if (!isRef(input))
                    return base(payload, ctx);
                let state = ctx[STATE];
                if (!state) {
                    state = { buckets: new WeakMap(), backEdges: undefined };
                    ctx[STATE] = state;
                }
                let bucket;
                if (lastCtx === ctx) {
                    bucket = lastBucket;
                }
                else {
                    bucket = bucketFor(state, inst);
                    lastCtx = ctx;
                    lastBucket = bucket;
                }
                const hit = bucket.get(input);
                if (hit) {
                    payload.value = hit.value;
                    if (hit.issues) {
                        if (hit.issues.length)
                            payload.issues.push(...cloneIssues(hit.issues));
                    }
                    else {
                        // Still being parsed: its own checks cover it, so skip them here.
                        payload.memo = true;
                        state.backEdges ?? (state.backEdges = new WeakSet());
                        state.backEdges.add(hit.value);
                    }
                    return payload;
                }
                handoff = bucket;
                const depth = memoizer_open.length;
                const result = base(payload, ctx);
                handoff = undefined;
                // A container that rejected its input outright allocated nothing.
                const entry = memoizer_open.length > depth ? memoizer_open.pop() : undefined;
                // Both paths written out so the sync one allocates no closure. It runs once per node, and capturing here cost more than everything else combined.
                if (result instanceof Promise) {
                    return result.then((r) => {
                        if (entry)
                            entry.issues = r.issues.length ? cloneIssues(r.issues) : NO_ISSUES;
                        return r;
                    });
                }
                if (entry)
                    entry.issues = result.issues.length ? cloneIssues(result.issues) : NO_ISSUES;
                return result;
            };
            inst._zod.parse = wrapped;
            if (inst._zod.run === base)
                inst._zod.run = wrapped;
        });
    },
};
/** The memoizer that gives containers cycle support. `zod` installs it by default; `zod/mini` opts in with `config({ memoizer: memoizer() })`. */
function memoizer() {
    return memo;
}
/** Whether this value is a node a back-edge resolved to before it finished. */
function isBackEdge(ctx, value) {
    const backEdges = ctx[STATE]?.backEdges;
    return backEdges !== undefined && isRef(value) && backEdges.has(value);
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/regexes.js

/**
 * @deprecated CUID v1 is deprecated by its authors due to information leakage
 * (timestamps embedded in the id). Use {@link cuid2} instead.
 * See https://github.com/paralleldrive/cuid.
 */
const cuid = /^[cC][0-9a-z]{6,}$/;
const cuid2 = /^[0-9a-z]+$/;
const ulid = /^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$/;
const xid = /^[0-9a-vA-V]{20}$/;
const ksuid = /^[A-Za-z0-9]{27}$/;
const nanoid = /^[a-zA-Z0-9_-]{21}$/;
function nanoidOfLength(length) {
    return new RegExp(`^[a-zA-Z0-9_-]{${length}}$`);
}
/** ISO 8601-1 duration regex. Does not support the 8601-2 extensions like negative durations or fractional/negative components. */
const duration = /^P(?:(\d+W)|(?!.*W)(?=\d|T\d)(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?)$/;
/** Implements ISO 8601-2 extensions like explicit +- prefixes, mixing weeks with other units, and fractional/negative components. */
const extendedDuration = /^[-+]?P(?!$)(?:(?:[-+]?\d+Y)|(?:[-+]?\d+[.,]\d+Y$))?(?:(?:[-+]?\d+M)|(?:[-+]?\d+[.,]\d+M$))?(?:(?:[-+]?\d+W)|(?:[-+]?\d+[.,]\d+W$))?(?:(?:[-+]?\d+D)|(?:[-+]?\d+[.,]\d+D$))?(?:T(?=[\d+-])(?:(?:[-+]?\d+H)|(?:[-+]?\d+[.,]\d+H$))?(?:(?:[-+]?\d+M)|(?:[-+]?\d+[.,]\d+M$))?(?:[-+]?\d+(?:[.,]\d+)?S)?)??$/;
/** A regex for any UUID-like identifier: 8-4-4-4-12 hex pattern */
const guid = /^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$/;
/** Returns a regex for validating an RFC 9562/4122 UUID.
 *
 * @param version Optionally specify a version 1-8. If no version is specified, all versions are supported. */
const uuid = (version) => {
    if (!version)
        return /^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$/;
    return new RegExp(`^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-${version}[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12})$`);
};
const uuid4 = /*@__PURE__*/ (/* unused pure expression or super */ null && (uuid(4)));
const uuid6 = /*@__PURE__*/ (/* unused pure expression or super */ null && (uuid(6)));
const uuid7 = /*@__PURE__*/ (/* unused pure expression or super */ null && (uuid(7)));
/** Practical email validation */
const email = /^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$/;
/** Equivalent to the HTML5 input[type=email] validation implemented by browsers. Source: https://developer.mozilla.org/en-US/docs/Web/HTML/Element/input/email */
const html5Email = /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
/** The classic emailregex.com regex for RFC 5322-compliant emails */
const rfc5322Email = /^(([^<>()\[\]\\.,;:\s@"]+(\.[^<>()\[\]\\.,;:\s@"]+)*)|(".+"))@((\[[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}])|(([a-zA-Z\-0-9]+\.)+[a-zA-Z]{2,}))$/;
/** A loose regex that allows Unicode characters, enforces length limits, and that's about it. */
const unicodeEmail = /^[^\s@"]{1,64}@[^\s@]{1,255}$/u;
const idnEmail = (/* unused pure expression or super */ null && (unicodeEmail));
const browserEmail = /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
// from https://thekevinscott.com/emojis-in-javascript/#writing-a-regular-expression
// Single character class, not an alternation: the two properties overlap (U+1F9B0-U+1F9B3), so `(A|B)+` backtracks exponentially on a failed match. The leading lookahead then demands one anchor — a pictograph, a regional indicator, or the enclosing keycap — because `\p{Emoji_Component}` on its own covers ASCII digits, `#`, `*`, ZWJ, variation selectors and skin tone modifiers, none of which is an emoji without a base.
const _emoji = `^(?=[\\s\\S]*[\\p{Extended_Pictographic}\\p{Regional_Indicator}\\u20E3])[\\p{Extended_Pictographic}\\p{Emoji_Component}]+$`;
function emoji() {
    return new RegExp(_emoji, "u");
}
const ipv4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])$/;
const ipv6 = /^(([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,7}:|([0-9a-fA-F]{1,4}:){1,6}:[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,5}(:[0-9a-fA-F]{1,4}){1,2}|([0-9a-fA-F]{1,4}:){1,4}(:[0-9a-fA-F]{1,4}){1,3}|([0-9a-fA-F]{1,4}:){1,3}(:[0-9a-fA-F]{1,4}){1,4}|([0-9a-fA-F]{1,4}:){1,2}(:[0-9a-fA-F]{1,4}){1,5}|[0-9a-fA-F]{1,4}:((:[0-9a-fA-F]{1,4}){1,6})|:((:[0-9a-fA-F]{1,4}){1,7}|:))$/;
const mac = (delimiter) => {
    const escapedDelim = util.escapeRegex(delimiter ?? ":");
    return new RegExp(`^(?:[0-9A-F]{2}${escapedDelim}){5}[0-9A-F]{2}$|^(?:[0-9a-f]{2}${escapedDelim}){5}[0-9a-f]{2}$`);
};
const cidrv4 = /^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\/([0-9]|[1-2][0-9]|3[0-2])$/;
const cidrv6 = /^(([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,7}:|([0-9a-fA-F]{1,4}:){1,6}:[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,5}(:[0-9a-fA-F]{1,4}){1,2}|([0-9a-fA-F]{1,4}:){1,4}(:[0-9a-fA-F]{1,4}){1,3}|([0-9a-fA-F]{1,4}:){1,3}(:[0-9a-fA-F]{1,4}){1,4}|([0-9a-fA-F]{1,4}:){1,2}(:[0-9a-fA-F]{1,4}){1,5}|[0-9a-fA-F]{1,4}:((:[0-9a-fA-F]{1,4}){1,6})|:((:[0-9a-fA-F]{1,4}){1,7}|:))\/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$/;
// https://stackoverflow.com/questions/7860392/determine-if-string-is-in-base64-using-javascript
const base64 = /^$|^(?:[0-9a-zA-Z+/]{4})*(?:(?:[0-9a-zA-Z+/]{2}==)|(?:[0-9a-zA-Z+/]{3}=))?$/;
const base64url = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$/;
// based on https://stackoverflow.com/questions/106179/regular-expression-to-match-dns-hostname-or-ip-address
// export const hostname: RegExp = /^([a-zA-Z0-9-]+\.)*[a-zA-Z0-9-]+$/;
const hostname = /^(?=.{1,253}\.?$)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[-0-9a-zA-Z]{0,61}[0-9a-zA-Z])?)*\.?$/;
const domain = /^(?=.{1,253}$)([a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]{2,63}$/;
const httpProtocol = /^https?$/;
// https://blog.stevenlevithan.com/archives/validate-phone-number#r4-3 (regex sans spaces) E.164: leading digit must be 1-9; total digits (excluding '+') between 7-15
const e164 = /^\+[1-9]\d{6,14}$/;
// Credit card shape: 12–19 digits, optionally separated by single spaces or single hyphens. ISO/IEC 7812 caps the PAN at 19 digits; 12 is the shortest issued length (Maestro).
const creditCard = /^\d(?:[ -]?\d){11,18}$/;
// ISO 4217 alpha codes from the SIX list, regenerated by scripts/update-iso-4217.ts
const currencyCode = /^(?:AED|AFN|ALL|AMD|AOA|ARS|AUD|AWG|AZN|BAM|BBD|BDT|BHD|BIF|BMD|BND|BOB|BOV|BRL|BSD|BTN|BWP|BYN|BZD|CAD|CDF|CHE|CHF|CHW|CLF|CLP|CNY|COP|COU|CRC|CUP|CVE|CZK|DJF|DKK|DOP|DZD|EGP|ERN|ETB|EUR|FJD|FKP|GBP|GEL|GHS|GIP|GMD|GNF|GTQ|GYD|HKD|HNL|HTG|HUF|IDR|ILS|INR|IQD|IRR|ISK|JMD|JOD|JPY|KES|KGS|KHR|KMF|KPW|KRW|KWD|KYD|KZT|LAK|LBP|LKR|LRD|LSL|LYD|MAD|MDL|MGA|MKD|MMK|MNT|MOP|MRU|MUR|MVR|MWK|MXN|MXV|MYR|MZN|NAD|NGN|NIO|NOK|NPR|NZD|OMR|PAB|PEN|PGK|PHP|PKR|PLN|PYG|QAR|RON|RSD|RUB|RWF|SAR|SBD|SCR|SDG|SEK|SGD|SHP|SLE|SOS|SRD|SSP|STN|SVC|SYP|SZL|THB|TJS|TMT|TND|TOP|TRY|TTD|TWD|TZS|UAH|UGX|USD|USN|UYI|UYU|UYW|UZS|VED|VES|VND|VUV|WST|XAD|XAF|XAG|XAU|XBA|XBB|XBC|XBD|XCD|XCG|XDR|XOF|XPD|XPF|XPT|XSU|XTS|XUA|XXX|YER|ZAR|ZMW|ZWG)$/;
// iban electronic format: 2-letter country, check digits 02-98 (the only values `98 - remainder` can produce), 11-30 bban characters
const iban = /^[A-Z]{2}(?!00|01|99)\d{2}[A-Z0-9]{11,30}$/;
const dateSource = `(?:(?:\\d\\d[2468][048]|\\d\\d[13579][26]|\\d\\d0[48]|[02468][048]00|[13579][26]00)-02-29|\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|(?:02)-(?:0[1-9]|1\\d|2[0-8])))`;
/** Anchors a pattern source. The interpolation lives here rather than at the call site because
 * esbuild will not drop a `@__PURE__` call whose own argument interpolates a variable, but it
 * will drop `anchor(dateSource)`. Keeping it inline pinned `date` into every bundle. */
function regexes_anchor(source) {
    return new RegExp(`^${source}$`);
}
const date = /*@__PURE__*/ regexes_anchor(dateSource);
function timeSource(args) {
    const hhmm = `(?:[01]\\d|2[0-3]):[0-5]\\d`;
    const regex = typeof args.precision === "number"
        ? args.precision === -1
            ? `${hhmm}`
            : args.precision === 0
                ? `${hhmm}:[0-5]\\d`
                : `${hhmm}:[0-5]\\d\\.\\d{${args.precision}}`
        : args.seconds
            ? `${hhmm}:[0-5]\\d(?:\\.\\d+)?`
            : `${hhmm}(?::[0-5]\\d(?:\\.\\d+)?)?`;
    return regex;
}
function time(args) {
    return new RegExp(`^${timeSource(args)}$`);
}
// Adapted from https://stackoverflow.com/a/3143231
function datetime(args) {
    const opts = ["Z"];
    // if (args.offset) opts.push(`([+-]\\d{2}:\\d{2})`);
    if (args.offset)
        opts.push(`([+-](?:[01]\\d|2[0-3]):[0-5]\\d)`);
    // RFC 3339 mandates seconds wherever the time carries a `Z` or an offset, so only the unqualified form `local` adds may omit them
    const qualified = `${timeSource({ precision: args.precision, seconds: true })}(?:${opts.join("|")})`;
    const timeRegex = args.local ? `${qualified}|${timeSource({ precision: args.precision })}` : qualified;
    return new RegExp(`^${dateSource}T(?:${timeRegex})$`);
}
// the unbounded form of `string()` as a literal, so every plain string shares one instance instead of building its own
const anyString = /^[\s\S]{0,}$/;
const string = (params) => {
    const regex = params ? `[\\s\\S]{${params?.minimum ?? 0},${params?.maximum ?? ""}}` : `[\\s\\S]*`;
    return new RegExp(`^${regex}$`);
};
const bigint = /^-?\d+n?$/;
const integer = /^-?\d+$/;
const number = /^-?\d+(?:\.\d+)?$/;
const regexes_boolean = /^(?:true|false)$/i;
const _null = /^null$/i;

const _undefined = /^undefined$/i;

// regex for string with no uppercase letters
const lowercase = /^[^A-Z]*$/;
// regex for string with no lowercase letters
const uppercase = /^[^a-z]*$/;
// regex for hexadecimal strings (any length)
const hex = /^[0-9a-fA-F]*$/;
// Hash regexes for different algorithms and encodings
// Helper function to create base64 regex with exact length and padding
function fixedBase64(bodyLength, padding) {
    return new RegExp(`^[A-Za-z0-9+/]{${bodyLength}}${padding}$`);
}
// Helper function to create base64url regex with exact length (no padding)
function fixedBase64url(length) {
    return new RegExp(`^[A-Za-z0-9_-]{${length}}$`);
}
// MD5 (16 bytes): base64 = 24 chars total (22 + "==")
const md5_hex = /^[0-9a-fA-F]{32}$/;
const md5_base64 = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64(22, "==")));
const md5_base64url = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64url(22)));
// SHA1 (20 bytes): base64 = 28 chars total (27 + "=")
const sha1_hex = /^[0-9a-fA-F]{40}$/;
const sha1_base64 = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64(27, "=")));
const sha1_base64url = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64url(27)));
// SHA256 (32 bytes): base64 = 44 chars total (43 + "=")
const sha256_hex = /^[0-9a-fA-F]{64}$/;
const sha256_base64 = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64(43, "=")));
const sha256_base64url = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64url(43)));
// SHA384 (48 bytes): base64 = 64 chars total (no padding)
const sha384_hex = /^[0-9a-fA-F]{96}$/;
const sha384_base64 = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64(64, "")));
const sha384_base64url = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64url(64)));
// SHA512 (64 bytes): base64 = 88 chars total (86 + "==")
const sha512_hex = /^[0-9a-fA-F]{128}$/;
const sha512_base64 = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64(86, "==")));
const sha512_base64url = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64url(86)));

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/checks.js
// import { $ZodType } from "./schemas.js";



const $ZodCheck = /*@__PURE__*/ $constructor("$ZodCheck", (inst, def) => {
    var _a;
    inst._zod ?? (inst._zod = {});
    inst._zod.def = def;
    (_a = inst._zod).onattach ?? (_a.onattach = []);
});
/** Default `when` for size-based checks: run only on non-nullish values with a `size`. */
const _whenHasSize = (payload) => {
    const val = payload.value;
    return !util.nullish(val) && val.size !== undefined;
};
/** Default `when` for length-based checks: run only on non-nullish values with a `length`. */
const _whenHasLength = (payload) => {
    const val = payload.value;
    return !nullish(val) && val.length !== undefined;
};
const numericOriginMap = {
    number: "number",
    bigint: "bigint",
    object: "date",
};
const $ZodCheckLessThan = /*@__PURE__*/ $constructor("$ZodCheckLessThan", (inst, def) => {
    $ZodCheck.init(inst, def);
    const origin = numericOriginMap[typeof def.value];
    inst._zod.check = (payload) => {
        if (def.inclusive ? payload.value <= def.value : payload.value < def.value) {
            return;
        }
        payload.issues.push({
            origin: numericOriginMap[typeof payload.value] ?? origin,
            code: "too_big",
            maximum: typeof def.value === "object" ? def.value.getTime() : def.value,
            input: payload.value,
            inclusive: def.inclusive,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckGreaterThan = /*@__PURE__*/ $constructor("$ZodCheckGreaterThan", (inst, def) => {
    $ZodCheck.init(inst, def);
    const origin = numericOriginMap[typeof def.value];
    inst._zod.check = (payload) => {
        if (def.inclusive ? payload.value >= def.value : payload.value > def.value) {
            return;
        }
        payload.issues.push({
            origin: numericOriginMap[typeof payload.value] ?? origin,
            code: "too_small",
            minimum: typeof def.value === "object" ? def.value.getTime() : def.value,
            input: payload.value,
            inclusive: def.inclusive,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckMultipleOf = 
/*@__PURE__*/ $constructor("$ZodCheckMultipleOf", (inst, def) => {
    $ZodCheck.init(inst, def);
    inst._zod.check = (payload) => {
        if (typeof payload.value !== typeof def.value)
            throw new Error("Cannot mix number and bigint in multiple_of check.");
        const isMultiple = typeof payload.value === "bigint"
            ? // `value % 0n` throws, and nothing is a multiple of zero — the number branch already fails this way via NaN
                def.value !== BigInt(0) && payload.value % def.value === BigInt(0)
            : floatSafeRemainder(payload.value, def.value) === 0;
        if (isMultiple)
            return;
        payload.issues.push({
            origin: typeof payload.value,
            code: "not_multiple_of",
            divisor: def.value,
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckNumberFormat = /*@__PURE__*/ $constructor("$ZodCheckNumberFormat", (inst, def) => {
    $ZodCheck.init(inst, def); // no format checks
    def.format = def.format || "float64";
    const isInt = def.format?.includes("int");
    const origin = isInt ? "int" : "number";
    const [minimum, maximum] = NUMBER_FORMAT_RANGES[def.format];
    inst._zod.check = (payload) => {
        const input = payload.value;
        if (isInt) {
            if (!Number.isInteger(input)) {
                // invalid_format issue
                // payload.issues.push({
                //   expected: def.format,
                //   format: def.format,
                //   code: "invalid_format",
                //   input,
                //   inst,
                // });
                // invalid_type issue
                payload.issues.push({
                    expected: origin,
                    format: def.format,
                    code: "invalid_type",
                    continue: false,
                    input,
                    inst,
                });
                return;
                // not_multiple_of issue
                // payload.issues.push({
                //   code: "not_multiple_of",
                //   origin: "number",
                //   input,
                //   inst,
                //   divisor: 1,
                // });
            }
            if (!Number.isSafeInteger(input)) {
                if (input > 0) {
                    // too_big
                    payload.issues.push({
                        input,
                        code: "too_big",
                        maximum: Number.MAX_SAFE_INTEGER,
                        note: "Integers must be within the safe integer range.",
                        inst,
                        origin,
                        inclusive: true,
                        continue: !def.abort,
                    });
                }
                else {
                    // too_small
                    payload.issues.push({
                        input,
                        code: "too_small",
                        minimum: Number.MIN_SAFE_INTEGER,
                        note: "Integers must be within the safe integer range.",
                        inst,
                        origin,
                        inclusive: true,
                        continue: !def.abort,
                    });
                }
                return;
            }
        }
        if (input < minimum) {
            payload.issues.push({
                origin: "number",
                input,
                code: "too_small",
                minimum,
                inclusive: true,
                inst,
                continue: !def.abort,
            });
        }
        if (input > maximum) {
            payload.issues.push({
                origin: "number",
                input,
                code: "too_big",
                maximum,
                inclusive: true,
                inst,
                continue: !def.abort,
            });
        }
    };
});
const $ZodCheckBigIntFormat = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCheckBigIntFormat", (inst, def) => {
    $ZodCheck.init(inst, def); // no format checks
    const [minimum, maximum] = util.BIGINT_FORMAT_RANGES[def.format];
    inst._zod.check = (payload) => {
        const input = payload.value;
        if (input < minimum) {
            payload.issues.push({
                origin: "bigint",
                input,
                code: "too_small",
                minimum: minimum,
                inclusive: true,
                inst,
                continue: !def.abort,
            });
        }
        if (input > maximum) {
            payload.issues.push({
                origin: "bigint",
                input,
                code: "too_big",
                maximum,
                inclusive: true,
                inst,
                continue: !def.abort,
            });
        }
    };
})));
const $ZodCheckMaxSize = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCheckMaxSize", (inst, def) => {
    var _a;
    $ZodCheck.init(inst, def);
    (_a = inst._zod.def).when ?? (_a.when = _whenHasSize);
    inst._zod.check = (payload) => {
        const input = payload.value;
        const size = input.size;
        if (size <= def.maximum)
            return;
        payload.issues.push({
            origin: util.getSizableOrigin(input),
            code: "too_big",
            maximum: def.maximum,
            inclusive: true,
            input,
            inst,
            continue: !def.abort,
        });
    };
})));
const $ZodCheckMinSize = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCheckMinSize", (inst, def) => {
    var _a;
    $ZodCheck.init(inst, def);
    (_a = inst._zod.def).when ?? (_a.when = _whenHasSize);
    inst._zod.check = (payload) => {
        const input = payload.value;
        const size = input.size;
        if (size >= def.minimum)
            return;
        payload.issues.push({
            origin: util.getSizableOrigin(input),
            code: "too_small",
            minimum: def.minimum,
            inclusive: true,
            input,
            inst,
            continue: !def.abort,
        });
    };
})));
const $ZodCheckSizeEquals = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCheckSizeEquals", (inst, def) => {
    var _a;
    $ZodCheck.init(inst, def);
    (_a = inst._zod.def).when ?? (_a.when = _whenHasSize);
    inst._zod.check = (payload) => {
        const input = payload.value;
        const size = input.size;
        if (size === def.size)
            return;
        const tooBig = size > def.size;
        payload.issues.push({
            origin: util.getSizableOrigin(input),
            ...(tooBig ? { code: "too_big", maximum: def.size } : { code: "too_small", minimum: def.size }),
            inclusive: true,
            exact: true,
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
})));
const $ZodCheckMaxLength = /*@__PURE__*/ $constructor("$ZodCheckMaxLength", (inst, def) => {
    var _a;
    $ZodCheck.init(inst, def);
    (_a = inst._zod.def).when ?? (_a.when = _whenHasLength);
    inst._zod.check = (payload) => {
        const input = payload.value;
        const units = input.length;
        // Strings are measured in Unicode code points, not UTF-16 units. A code point is at most two units, so a string that already fits in units fits in code points; only an overflow has to be counted.
        const length = typeof input === "string" && units > def.maximum ? codePointLength(input) : units;
        if (length <= def.maximum)
            return;
        const origin = getLengthableOrigin(input);
        payload.issues.push({
            origin,
            code: "too_big",
            maximum: def.maximum,
            inclusive: true,
            input,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckMinLength = /*@__PURE__*/ $constructor("$ZodCheckMinLength", (inst, def) => {
    var _a;
    $ZodCheck.init(inst, def);
    (_a = inst._zod.def).when ?? (_a.when = _whenHasLength);
    inst._zod.check = (payload) => {
        const input = payload.value;
        const units = input.length;
        // A code point is one or two UTF-16 units, so fewer units than the floor can never reach it and twice the floor always clears it. Only in between is the exact count in doubt.
        const length = typeof input === "string" && units >= def.minimum && units < def.minimum * 2
            ? codePointLength(input)
            : units;
        if (length >= def.minimum)
            return;
        const origin = getLengthableOrigin(input);
        payload.issues.push({
            origin,
            code: "too_small",
            minimum: def.minimum,
            inclusive: true,
            input,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckLengthEquals = /*@__PURE__*/ $constructor("$ZodCheckLengthEquals", (inst, def) => {
    var _a;
    $ZodCheck.init(inst, def);
    (_a = inst._zod.def).when ?? (_a.when = _whenHasLength);
    inst._zod.check = (payload) => {
        const input = payload.value;
        const units = input.length;
        // A code point is one or two UTF-16 units, so outside `[length, length * 2]` units the target is missed either way — and missed in the same direction in both measures.
        const length = typeof input === "string" && units >= def.length && units <= def.length * 2
            ? codePointLength(input)
            : units;
        if (length === def.length)
            return;
        const origin = getLengthableOrigin(input);
        const tooBig = length > def.length;
        payload.issues.push({
            origin,
            ...(tooBig ? { code: "too_big", maximum: def.length } : { code: "too_small", minimum: def.length }),
            inclusive: true,
            exact: true,
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckStringFormat = /*@__PURE__*/ $constructor("$ZodCheckStringFormat", (inst, def) => {
    var _a, _b;
    $ZodCheck.init(inst, def);
    if (def.pattern)
        (_a = inst._zod).check ?? (_a.check = (payload) => {
            def.pattern.lastIndex = 0;
            if (def.pattern.test(payload.value))
                return;
            payload.issues.push({
                origin: "string",
                code: "invalid_format",
                format: def.format,
                input: payload.value,
                ...(def.pattern ? { pattern: def.pattern.toString() } : {}),
                inst,
                continue: !def.abort,
            });
        });
    else
        (_b = inst._zod).check ?? (_b.check = () => { });
});
const $ZodCheckRegex = /*@__PURE__*/ $constructor("$ZodCheckRegex", (inst, def) => {
    $ZodCheckStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        def.pattern.lastIndex = 0;
        if (def.pattern.test(payload.value))
            return;
        payload.issues.push({
            origin: "string",
            code: "invalid_format",
            format: "regex",
            input: payload.value,
            pattern: def.pattern.toString(),
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckLowerCase = /*@__PURE__*/ $constructor("$ZodCheckLowerCase", (inst, def) => {
    def.pattern ?? (def.pattern = lowercase);
    $ZodCheckStringFormat.init(inst, def);
});
const $ZodCheckUpperCase = /*@__PURE__*/ $constructor("$ZodCheckUpperCase", (inst, def) => {
    def.pattern ?? (def.pattern = uppercase);
    $ZodCheckStringFormat.init(inst, def);
});
const $ZodCheckIncludes = /*@__PURE__*/ $constructor("$ZodCheckIncludes", (inst, def) => {
    $ZodCheck.init(inst, def);
    const escapedRegex = escapeRegex(def.includes);
    // `String.prototype.includes(sub, position)` matches `sub` at `position`
    // OR LATER, so the pattern must allow at least `position` leading chars
    // (`{N,}`), not exactly `position` chars (`{N}`).
    const pattern = new RegExp(typeof def.position === "number" ? `^.{${def.position},}${escapedRegex}` : escapedRegex);
    def.pattern = pattern;
    inst._zod.check = (payload) => {
        if (payload.value.includes(def.includes, def.position))
            return;
        payload.issues.push({
            origin: "string",
            code: "invalid_format",
            format: "includes",
            includes: def.includes,
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckStartsWith = /*@__PURE__*/ $constructor("$ZodCheckStartsWith", (inst, def) => {
    $ZodCheck.init(inst, def);
    const pattern = new RegExp(`^${escapeRegex(def.prefix)}.*`);
    def.pattern ?? (def.pattern = pattern);
    inst._zod.check = (payload) => {
        if (payload.value.startsWith(def.prefix))
            return;
        payload.issues.push({
            origin: "string",
            code: "invalid_format",
            format: "starts_with",
            prefix: def.prefix,
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckEndsWith = /*@__PURE__*/ $constructor("$ZodCheckEndsWith", (inst, def) => {
    $ZodCheck.init(inst, def);
    const pattern = new RegExp(`.*${escapeRegex(def.suffix)}$`);
    def.pattern ?? (def.pattern = pattern);
    inst._zod.check = (payload) => {
        if (payload.value.endsWith(def.suffix))
            return;
        payload.issues.push({
            origin: "string",
            code: "invalid_format",
            format: "ends_with",
            suffix: def.suffix,
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
///////////////////////////////////
/////    $ZodCheckProperty    /////
///////////////////////////////////
function handleCheckPropertyResult(result, payload, property) {
    if (result.issues.length) {
        payload.issues.push(...prefixIssues(property, result.issues));
    }
}
const $ZodCheckProperty = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCheckProperty", (inst, def) => {
    $ZodCheck.init(inst, def);
    inst._zod.check = (payload) => {
        const result = def.schema._zod.run({
            value: payload.value[def.property],
            issues: [],
        }, {});
        if (result instanceof Promise) {
            return result.then((result) => handleCheckPropertyResult(result, payload, def.property));
        }
        handleCheckPropertyResult(result, payload, def.property);
        return;
    };
})));
const $ZodCheckProperties = /*@__PURE__*/ $constructor("$ZodCheckProperties", (inst, def) => {
    $ZodCheck.init(inst, def);
    hide(inst, Symbol.iterator, function* () {
        yield inst;
    });
    // key and schema snapshotted together: reading one live and the other cached lets a later mutation of the caller's shape object pair a stale key with a missing schema
    let entries;
    inst._zod.check = (payload) => {
        // the base schema already typed the value, so only a nullish one is rejected here: the properties read on a primitive too, matching z.property() on a string's length
        if (payload.value == null) {
            payload.issues.push({ expected: "object", code: "invalid_type", input: payload.value, inst });
            return undefined;
        }
        entries ?? (entries = Reflect.ownKeys(def.shape).map((key) => [key, def.shape[key]]));
        const input = payload.value;
        let proms;
        for (const [key, schema] of entries) {
            const result = schema._zod.run({ value: input[key], issues: [] }, {});
            if (result instanceof Promise) {
                proms ?? (proms = []);
                proms.push(result.then((result) => handleCheckPropertyResult(result, payload, key)));
            }
            else {
                handleCheckPropertyResult(result, payload, key);
            }
        }
        if (proms)
            return Promise.all(proms).then(() => undefined);
        return undefined;
    };
});
const $ZodCheckMimeType = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCheckMimeType", (inst, def) => {
    $ZodCheck.init(inst, def);
    const mimeSet = new Set(def.mime);
    inst._zod.check = (payload) => {
        if (mimeSet.has(payload.value.type))
            return;
        payload.issues.push({
            code: "invalid_value",
            values: def.mime,
            input: payload.value.type,
            inst,
            continue: !def.abort,
        });
    };
})));
const $ZodCheckOverwrite = /*@__PURE__*/ $constructor("$ZodCheckOverwrite", (inst, def) => {
    $ZodCheck.init(inst, def);
    inst._zod.check = (payload) => {
        payload.value = def.tx(payload.value);
    };
});

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/doc.js
class Doc {
    constructor(args = [], closed = {}) {
        this.content = [];
        this.indent = 0;
        this.args = args;
        this.closed = closed;
    }
    // the compiler catches a child's throw and keeps writing into this doc, so the indent has to unwind with it
    indented(fn) {
        this.indent += 1;
        try {
            fn(this);
        }
        finally {
            this.indent -= 1;
        }
    }
    write(arg) {
        if (typeof arg === "function") {
            arg(this, { execution: "sync" });
            arg(this, { execution: "async" });
            return;
        }
        const content = arg;
        const lines = content.split("\n").filter((x) => x);
        const minIndent = Math.min(...lines.map((x) => x.length - x.trimStart().length));
        const dedented = lines.map((x) => x.slice(minIndent)).map((x) => " ".repeat(this.indent * 2) + x);
        for (const line of dedented) {
            this.content.push(line);
        }
    }
    compile() {
        const F = Function;
        const content = this?.content ?? [``];
        const factory = new F(...Object.keys(this.closed), `return function (${this.args.join(", ")}) {\n${content.join("\n")}\n};`);
        return factory(...Object.values(this.closed));
    }
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/versions.js
const version = {
    major: 4,
    minor: 6,
    patch: 7,
};

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/schemas.js







const $ZodType = /*@__PURE__*/ $constructor("$ZodType", (inst, def) => {
    var _a;
    inst ?? (inst = {});
    inst._zod.def = def; // set _def property
    inst._zod.bag = inst._zod.bag || {}; // initialize _bag object
    inst._zod.version = version;
    const defChecks = inst._zod.def.checks;
    // if inst is itself a checks.$ZodCheck, run it as a check
    const checks = inst._zod.traits.has("$ZodCheck")
        ? [inst, ...(defChecks ?? [])]
        : defChecks?.length
            ? [...defChecks]
            : [];
    for (const ch of checks) {
        for (const fn of ch._zod.onattach) {
            fn(inst);
        }
    }
    if (checks.length === 0) {
        // deferred initializer inst._zod.parse is not yet defined
        (_a = inst._zod).deferred ?? (_a.deferred = []);
        inst._zod.deferred?.push(() => {
            inst._zod.run = inst._zod.parse;
        });
    }
    else {
        const runChecks = (payload, checks, ctx) => {
            if (payload.memo)
                return payload;
            let isAborted = aborted(payload);
            let asyncResult;
            for (const ch of checks) {
                if (ch._zod.def.when) {
                    if (explicitlyAborted(payload))
                        continue;
                    const shouldRun = ch._zod.def.when(payload);
                    if (!shouldRun)
                        continue;
                }
                else if (isAborted) {
                    continue;
                }
                const currLen = payload.issues.length;
                const _ = ch._zod.check(payload);
                if (_ instanceof Promise && ctx?.async === false) {
                    throw new $ZodAsyncError();
                }
                if (asyncResult || _ instanceof Promise) {
                    asyncResult = (asyncResult ?? Promise.resolve()).then(async () => {
                        await _;
                        const nextLen = payload.issues.length;
                        if (nextLen === currLen)
                            return;
                        attachSchema(payload.issues, currLen, inst);
                        if (!isAborted)
                            isAborted = aborted(payload, currLen);
                    });
                }
                else {
                    const nextLen = payload.issues.length;
                    if (nextLen === currLen)
                        continue;
                    attachSchema(payload.issues, currLen, inst);
                    if (!isAborted)
                        isAborted = aborted(payload, currLen);
                }
            }
            if (asyncResult) {
                return asyncResult.then(() => {
                    return payload;
                });
            }
            return payload;
        };
        const handleCanaryResult = (canary, payload, ctx) => {
            // abort if the canary is aborted
            if (aborted(canary)) {
                canary.aborted = true;
                return canary;
            }
            // run checks first, then
            const checkResult = runChecks(payload, checks, ctx);
            if (checkResult instanceof Promise) {
                if (ctx.async === false)
                    throw new $ZodAsyncError();
                return checkResult.then((checkResult) => inst._zod.parse(checkResult, ctx));
            }
            return inst._zod.parse(checkResult, ctx);
        };
        inst._zod.run = (payload, ctx) => {
            if (ctx.skipChecks) {
                return inst._zod.parse(payload, ctx);
            }
            if (ctx.direction === "backward") {
                // run canary initial pass (no checks)
                const canary = inst._zod.parse({ value: payload.value, issues: [] }, { ...ctx, skipChecks: true });
                if (canary instanceof Promise) {
                    return canary.then((canary) => {
                        return handleCanaryResult(canary, payload, ctx);
                    });
                }
                return handleCanaryResult(canary, payload, ctx);
            }
            // forward
            const result = inst._zod.parse(payload, ctx);
            if (result instanceof Promise) {
                if (ctx.async === false)
                    throw new $ZodAsyncError();
                return result.then((result) => runChecks(result, checks, ctx));
            }
            return runChecks(result, checks, ctx);
        };
    }
}, {
    // Wrappers extend this by installing a richer factory over it; reading it eagerly would defeat the laziness.
    get "~standard"() {
        return hide(this, "~standard", standardProps(this));
    },
    set "~standard"(value) {
        own(this, "~standard", value);
    },
});
/** The Standard Schema surface for `inst`. Shared so wrappers can extend it without forcing it. */
// a Standard Schema result only reports issues, so a failure finalizes them straight off the raw payload: no ZodError, and no lazy result to read through
const toStandardResult = (r, ctx) => r.issues.length ? { issues: r.issues.map((iss) => finalizeIssue(iss, ctx, config())) } : { value: r.value };
async function validateAsync(inst, value) {
    const ctx = { async: true };
    return toStandardResult((await inst._zod.run({ value, issues: [] }, ctx)), ctx);
}
function standardProps(inst) {
    return {
        validate: (value) => {
            const ctx = { async: false };
            try {
                const r = inst._zod.run({ value, issues: [] }, ctx);
                if (!(r instanceof Promise))
                    return toStandardResult(r, ctx);
            }
            catch (_) { }
            // async function so a synchronously throwing check rejects instead of escaping validate
            return validateAsync(inst, value);
        },
        vendor: "zod",
        version: 1,
    };
}

const $ZodString = /*@__PURE__*/ $constructor("$ZodString", (inst, def) => {
    $ZodType.init(inst, def);
    // a format's own pattern, else unbounded; a template literal derives the check-aware form itself
    inst._zod.pattern = def.pattern ?? anyString;
    inst._zod.parse = (payload, _) => {
        if (def.coerce)
            try {
                payload.value = String(payload.value);
            }
            catch (_) { }
        if (typeof payload.value === "string")
            return payload;
        payload.issues.push({
            expected: "string",
            code: "invalid_type",
            input: payload.value,
            inst,
        });
        return payload;
    };
});
const $ZodStringFormat = /*@__PURE__*/ $constructor("$ZodStringFormat", (inst, def) => {
    // check initialization must come first
    $ZodCheckStringFormat.init(inst, def);
    $ZodString.init(inst, def);
});
const $ZodGUID = /*@__PURE__*/ $constructor("$ZodGUID", (inst, def) => {
    def.pattern ?? (def.pattern = guid);
    $ZodStringFormat.init(inst, def);
});
const $ZodUUID = /*@__PURE__*/ $constructor("$ZodUUID", (inst, def) => {
    if (def.version) {
        const versionMap = {
            v1: 1,
            v2: 2,
            v3: 3,
            v4: 4,
            v5: 5,
            v6: 6,
            v7: 7,
            v8: 8,
        };
        const v = versionMap[def.version];
        if (v === undefined)
            throw new Error(`Invalid UUID version: "${def.version}"`);
        def.pattern ?? (def.pattern = uuid(v));
    }
    else
        def.pattern ?? (def.pattern = uuid());
    $ZodStringFormat.init(inst, def);
});
const $ZodEmail = /*@__PURE__*/ $constructor("$ZodEmail", (inst, def) => {
    def.pattern ?? (def.pattern = email);
    $ZodStringFormat.init(inst, def);
});
/** The `://` guard rejected the input before the URL constructor saw it. */
const URL_BAD_FORMAT = 1;
/** The URL parser rejected the input. */
const URL_UNPARSEABLE = 2;
function canParseURL(input) {
    try {
        if (typeof URL !== "undefined" && typeof URL.canParse === "function")
            return URL.canParse(input);
        new URL(input);
        return true;
    }
    catch {
        return false;
    }
}
function validateURL(trimmed, def) {
    if (!("normalize" in def) && !("hostname" in def) && !("protocol" in def)) {
        return canParseURL(trimmed) || URL_UNPARSEABLE;
    }
    return parseURLObject(trimmed, def);
}
/** Parses a URL while preserving the non-normalizing HTTP guard. */
function parseURLObject(trimmed, def) {
    // When normalize is off, require :// for http/https URLs. This prevents strings like "http:example.com" or "https:/path" from being silently accepted
    if (!def.normalize && def.protocol?.source === httpProtocol.source && !/^https?:\/\//i.test(trimmed)) {
        return URL_BAD_FORMAT;
    }
    try {
        if (typeof URL !== "undefined") {
            const URLStatic = URL;
            if (typeof URLStatic.parse === "function")
                return URLStatic.parse(trimmed) ?? URL_UNPARSEABLE;
        }
        // @ts-ignore
        return new URL(trimmed);
    }
    catch {
        return URL_UNPARSEABLE;
    }
}
const asciiTabOrNewline = /[\t\n\r]/g;
/** The URL parser deletes every ASCII tab, LF and CR from its input before it parses, so `new URL("https://exa\nmple.com")` reports on `example.com`. Applying the same deletion to the returned value closes the half of that divergence which can move the host; the parser's other rewrite, stripping C0 controls at the edges, cannot. */
function stripTabAndNewline(value) {
    return value.replace(asciiTabOrNewline, "");
}
function urlHostnameOk(url, hostname) {
    hostname.lastIndex = 0;
    return hostname.test(url.hostname);
}
function urlProtocolOk(url, protocol) {
    protocol.lastIndex = 0;
    return protocol.test(url.protocol.endsWith(":") ? url.protocol.slice(0, -1) : url.protocol);
}
const $ZodURL = /*@__PURE__*/ $constructor("$ZodURL", (inst, def) => {
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        try {
            // Trim whitespace from input
            const trimmed = payload.value.trim();
            const url = validateURL(trimmed, def);
            if (url === URL_BAD_FORMAT) {
                payload.issues.push({
                    code: "invalid_format",
                    format: "url",
                    note: "Invalid URL format",
                    input: payload.value,
                    inst,
                    continue: !def.abort,
                });
                return;
            }
            if (url === URL_UNPARSEABLE) {
                payload.issues.push({
                    code: "invalid_format",
                    format: "url",
                    input: payload.value,
                    inst,
                    continue: !def.abort,
                });
                return;
            }
            if (url === true) {
                payload.value = stripTabAndNewline(trimmed);
                return;
            }
            if (def.hostname && !urlHostnameOk(url, def.hostname)) {
                payload.issues.push({
                    code: "invalid_format",
                    format: "url",
                    note: "Invalid hostname",
                    pattern: def.hostname.source,
                    input: payload.value,
                    inst,
                    continue: !def.abort,
                });
            }
            if (def.protocol && !urlProtocolOk(url, def.protocol)) {
                payload.issues.push({
                    code: "invalid_format",
                    format: "url",
                    note: "Invalid protocol",
                    pattern: def.protocol.source,
                    input: payload.value,
                    inst,
                    continue: !def.abort,
                });
            }
            // Set the output value based on normalize flag
            payload.value = def.normalize ? url.href : stripTabAndNewline(trimmed);
            return;
        }
        catch (_) {
            payload.issues.push({
                code: "invalid_format",
                format: "url",
                input: payload.value,
                inst,
                continue: !def.abort,
            });
        }
    };
});
const $ZodEmoji = /*@__PURE__*/ $constructor("$ZodEmoji", (inst, def) => {
    def.pattern ?? (def.pattern = emoji());
    $ZodStringFormat.init(inst, def);
});
const $ZodNanoID = /*@__PURE__*/ $constructor("$ZodNanoID", (inst, def) => {
    if (def.length !== undefined && (!Number.isInteger(def.length) || def.length < 1))
        throw new Error(`Invalid nanoid length: ${def.length}`);
    def.pattern ?? (def.pattern = def.length === undefined ? nanoid : nanoidOfLength(def.length));
    $ZodStringFormat.init(inst, def);
});
/**
 * @deprecated CUID v1 is deprecated by its authors due to information leakage
 * (timestamps embedded in the id). Use {@link $ZodCUID2} instead.
 * See https://github.com/paralleldrive/cuid.
 */
const $ZodCUID = /*@__PURE__*/ $constructor("$ZodCUID", (inst, def) => {
    def.pattern ?? (def.pattern = cuid);
    $ZodStringFormat.init(inst, def);
});
const $ZodCUID2 = /*@__PURE__*/ $constructor("$ZodCUID2", (inst, def) => {
    def.pattern ?? (def.pattern = cuid2);
    $ZodStringFormat.init(inst, def);
});
const $ZodULID = /*@__PURE__*/ $constructor("$ZodULID", (inst, def) => {
    def.pattern ?? (def.pattern = ulid);
    $ZodStringFormat.init(inst, def);
});
const $ZodXID = /*@__PURE__*/ $constructor("$ZodXID", (inst, def) => {
    def.pattern ?? (def.pattern = xid);
    $ZodStringFormat.init(inst, def);
});
const $ZodKSUID = /*@__PURE__*/ $constructor("$ZodKSUID", (inst, def) => {
    def.pattern ?? (def.pattern = ksuid);
    $ZodStringFormat.init(inst, def);
});
const $ZodISODateTime = /*@__PURE__*/ $constructor("$ZodISODateTime", (inst, def) => {
    def.pattern ?? (def.pattern = datetime(def));
    $ZodStringFormat.init(inst, def);
});
const $ZodISODate = /*@__PURE__*/ $constructor("$ZodISODate", (inst, def) => {
    def.pattern ?? (def.pattern = date);
    $ZodStringFormat.init(inst, def);
});
const $ZodISOTime = /*@__PURE__*/ $constructor("$ZodISOTime", (inst, def) => {
    def.pattern ?? (def.pattern = time(def));
    $ZodStringFormat.init(inst, def);
});
const $ZodISODuration = /*@__PURE__*/ $constructor("$ZodISODuration", (inst, def) => {
    def.pattern ?? (def.pattern = duration);
    $ZodStringFormat.init(inst, def);
});
const $ZodIPv4 = /*@__PURE__*/ $constructor("$ZodIPv4", (inst, def) => {
    def.pattern ?? (def.pattern = ipv4);
    $ZodStringFormat.init(inst, def);
});
/** An IPv6 address is written with hex digits, colons and dots, and nothing else. The guard is what makes the check below an IPv6 check: `new URL("http://[...]")` parses an authority, not an address, so `@` and `\` re-delimit it and `"::@1\\"` validates against the host `0.0.0.1`. The URL parser also deletes ASCII tab, LF and CR rather than failing, which is how `"::1\n"` validated as `::1`. */
const ipv6Alphabet = /^[0-9a-fA-F:.]+$/;
function isValidIPv6(value) {
    if (!ipv6Alphabet.test(value))
        return false;
    return canParseURL(`http://[${value}]`);
}
const $ZodIPv6 = /*@__PURE__*/ $constructor("$ZodIPv6", (inst, def) => {
    def.pattern ?? (def.pattern = ipv6);
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (!isValidIPv6(payload.value)) {
            payload.issues.push({
                code: "invalid_format",
                format: "ipv6",
                input: payload.value,
                inst,
                continue: !def.abort,
            });
        }
    };
});
const $ZodMAC = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodMAC", (inst, def) => {
    def.pattern ?? (def.pattern = regexes.mac(def.delimiter));
    $ZodStringFormat.init(inst, def);
})));
const $ZodCIDRv4 = /*@__PURE__*/ $constructor("$ZodCIDRv4", (inst, def) => {
    def.pattern ?? (def.pattern = cidrv4);
    $ZodStringFormat.init(inst, def);
});
function isValidCIDRv6(value) {
    const parts = value.split("/");
    if (parts.length !== 2)
        return false;
    const [address, prefix] = parts;
    if (!prefix)
        return false;
    const prefixNum = Number(prefix);
    if (`${prefixNum}` !== prefix)
        return false;
    if (prefixNum < 0 || prefixNum > 128)
        return false;
    return isValidIPv6(address);
}
const $ZodCIDRv6 = /*@__PURE__*/ $constructor("$ZodCIDRv6", (inst, def) => {
    def.pattern ?? (def.pattern = cidrv6); // not used for validation
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (!isValidCIDRv6(payload.value)) {
            payload.issues.push({
                code: "invalid_format",
                format: "cidrv6",
                input: payload.value,
                inst,
                continue: !def.abort,
            });
        }
    };
});
//////////////////////////////   ZodBase64   //////////////////////////////
function isValidBase64(data) {
    if (data === "")
        return true;
    // atob ignores whitespace, so reject it up front.
    if (/\s/.test(data))
        return false;
    if (data.length % 4 !== 0)
        return false;
    try {
        // @ts-ignore
        atob(data);
        return true;
    }
    catch {
        return false;
    }
}
// lax on purpose: the quantified regexes.base64 overflows the regex stack on multi-MB input and its leading ^$| alternation leaks through template-literal composition; isValidBase64 enforces length and padding
const base64Charset = /^[0-9a-zA-Z+/]*={0,2}$/;
const $ZodBase64 = /*@__PURE__*/ $constructor("$ZodBase64", (inst, def) => {
    def.pattern ?? (def.pattern = base64Charset);
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (isValidBase64(payload.value))
            return;
        payload.issues.push({
            code: "invalid_format",
            format: "base64",
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
//////////////////////////////   ZodBase64URL   //////////////////////////////
// lax on purpose: the quantified regexes.base64url overflows the regex stack on multi-MB input; isValidBase64 enforces length on the padded string
const base64urlCharset = /^[A-Za-z0-9_-]*$/;
function isValidBase64URL(data) {
    if (!base64urlCharset.test(data))
        return false;
    const base64 = data.replace(/[-_]/g, (c) => (c === "-" ? "+" : "/"));
    const padded = base64.padEnd(Math.ceil(base64.length / 4) * 4, "=");
    return isValidBase64(padded);
}
const $ZodBase64URL = /*@__PURE__*/ $constructor("$ZodBase64URL", (inst, def) => {
    def.pattern ?? (def.pattern = base64urlCharset);
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (isValidBase64URL(payload.value))
            return;
        payload.issues.push({
            code: "invalid_format",
            format: "base64url",
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodE164 = /*@__PURE__*/ $constructor("$ZodE164", (inst, def) => {
    def.pattern ?? (def.pattern = e164);
    $ZodStringFormat.init(inst, def);
});
//////////////////////////////   ZodCreditCard   //////////////////////////////
const CC_SANITIZE = /[- ]/g;
/** Luhn checksum on a digit-only string. Adapted from valibot (MIT). */
function isLuhnAlgo(digits) {
    let length = digits.length;
    let bit = 1;
    let sum = 0;
    while (length) {
        const value = digits.charCodeAt(--length) - 48;
        bit ^= 1;
        sum += bit ? [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][value] : value;
    }
    return sum % 10 === 0;
}
function isValidCreditCard(input) {
    if (!regexes.creditCard.test(input))
        return false;
    return isLuhnAlgo(input.replace(CC_SANITIZE, ""));
}
const $ZodCreditCard = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCreditCard", (inst, def) => {
    // Shape only — the Luhn check below is not expressible as a pattern, so consumers of `pattern` (JSON Schema, template literals) get the length and separator rules alone.
    def.pattern ?? (def.pattern = regexes.creditCard);
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (isValidCreditCard(payload.value))
            return;
        payload.issues.push({
            code: "invalid_format",
            format: "credit_card",
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
})));
//////////////////////////////   ZodIBAN   //////////////////////////////
// iso 7064 mod 97-10 checksum without BigInt
function isIso7064Mod97(iban) {
    let remainder = 0;
    const len = iban.length;
    for (let i = 4; i < len; i++) {
        const code = iban.charCodeAt(i);
        remainder = (code >= 65 ? remainder * 100 + (code - 55) : remainder * 10 + (code - 48)) % 97;
    }
    for (let i = 0; i < 4; i++) {
        const code = iban.charCodeAt(i);
        remainder = (code >= 65 ? remainder * 100 + (code - 55) : remainder * 10 + (code - 48)) % 97;
    }
    return remainder === 1;
}
function isValidIBAN(input) {
    if (!regexes.iban.test(input))
        return false;
    return isIso7064Mod97(input);
}
const $ZodIBAN = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodIBAN", (inst, def) => {
    // shape only — checksum is not expressible as a pattern
    def.pattern ?? (def.pattern = regexes.iban);
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (isValidIBAN(payload.value))
            return;
        payload.issues.push({
            code: "invalid_format",
            format: "iban",
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
})));
//////////////////////////////   ZodJWT   //////////////////////////////
function isValidJWT(token, algorithm = null) {
    try {
        const tokensParts = token.split(".");
        if (tokensParts.length !== 3)
            return false;
        const [header] = tokensParts;
        if (!header)
            return false;
        // @ts-ignore
        const parsedHeader = JSON.parse(atob(header));
        if ("typ" in parsedHeader && parsedHeader?.typ !== "JWT")
            return false;
        if (!parsedHeader.alg)
            return false;
        if (algorithm && (!("alg" in parsedHeader) || parsedHeader.alg !== algorithm))
            return false;
        return true;
    }
    catch {
        return false;
    }
}
const $ZodJWT = /*@__PURE__*/ $constructor("$ZodJWT", (inst, def) => {
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (isValidJWT(payload.value, def.alg))
            return;
        payload.issues.push({
            code: "invalid_format",
            format: "jwt",
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCustomStringFormat = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCustomStringFormat", (inst, def) => {
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (def.fn(payload.value))
            return;
        payload.issues.push({
            code: "invalid_format",
            format: def.format,
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
})));
const $ZodNumber = /*@__PURE__*/ $constructor("$ZodNumber", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.pattern = number;
    inst._zod.parse = (payload, _ctx) => {
        if (def.coerce)
            try {
                payload.value = Number(payload.value);
            }
            catch (_) { }
        const input = payload.value;
        if (typeof input === "number" && !Number.isNaN(input) && Number.isFinite(input)) {
            return payload;
        }
        const received = typeof input === "number"
            ? Number.isNaN(input)
                ? "NaN"
                : !Number.isFinite(input)
                    ? String(input)
                    : undefined
            : undefined;
        payload.issues.push({
            expected: "number",
            code: "invalid_type",
            input,
            inst,
            ...(received ? { received } : {}),
        });
        return payload;
    };
});
const $ZodNumberFormat = /*@__PURE__*/ $constructor("$ZodNumberFormat", (inst, def) => {
    $ZodCheckNumberFormat.init(inst, def);
    $ZodNumber.init(inst, def); // no format checks
});
const $ZodBoolean = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodBoolean", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.pattern = regexes.boolean;
    inst._zod.parse = (payload, _ctx) => {
        if (def.coerce)
            try {
                payload.value = Boolean(payload.value);
            }
            catch (_) { }
        const input = payload.value;
        if (typeof input === "boolean")
            return payload;
        payload.issues.push({
            expected: "boolean",
            code: "invalid_type",
            input,
            inst,
        });
        return payload;
    };
})));
const $ZodBigInt = /*@__PURE__*/ $constructor("$ZodBigInt", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.pattern = bigint;
    inst._zod.parse = (payload, _ctx) => {
        if (def.coerce)
            try {
                payload.value = BigInt(payload.value);
            }
            catch (_) { }
        if (typeof payload.value === "bigint")
            return payload;
        payload.issues.push({
            expected: "bigint",
            code: "invalid_type",
            input: payload.value,
            inst,
        });
        return payload;
    };
});
const $ZodBigIntFormat = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodBigIntFormat", (inst, def) => {
    checks.$ZodCheckBigIntFormat.init(inst, def);
    $ZodBigInt.init(inst, def); // no format checks
})));
const $ZodSymbol = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodSymbol", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, _ctx) => {
        const input = payload.value;
        if (typeof input === "symbol")
            return payload;
        payload.issues.push({
            expected: "symbol",
            code: "invalid_type",
            input,
            inst,
        });
        return payload;
    };
})));
const $ZodUndefined = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodUndefined", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.pattern = regexes.undefined;
    inst._zod.values = new Set([undefined]);
    inst._zod.parse = (payload, _ctx) => {
        const input = payload.value;
        if (typeof input === "undefined")
            return payload;
        payload.issues.push({
            expected: "undefined",
            code: "invalid_type",
            input,
            inst,
        });
        return payload;
    };
})));
const $ZodNull = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodNull", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.pattern = regexes.null;
    inst._zod.values = new Set([null]);
    inst._zod.parse = (payload, _ctx) => {
        const input = payload.value;
        if (input === null)
            return payload;
        payload.issues.push({
            expected: "null",
            code: "invalid_type",
            input,
            inst,
        });
        return payload;
    };
})));
const $ZodAny = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodAny", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload) => payload;
})));
const $ZodUnknown = /*@__PURE__*/ $constructor("$ZodUnknown", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload) => payload;
});
const $ZodNever = /*@__PURE__*/ $constructor("$ZodNever", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, _ctx) => {
        payload.issues.push({
            expected: "never",
            code: "invalid_type",
            input: payload.value,
            inst,
        });
        return payload;
    };
});
const $ZodVoid = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodVoid", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, _ctx) => {
        const input = payload.value;
        if (typeof input === "undefined")
            return payload;
        payload.issues.push({
            expected: "void",
            code: "invalid_type",
            input,
            inst,
        });
        return payload;
    };
})));
const $ZodDate = /*@__PURE__*/ $constructor("$ZodDate", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, _ctx) => {
        if (def.coerce) {
            try {
                payload.value = new Date(payload.value);
            }
            catch (_err) { }
        }
        const input = payload.value;
        const isDate = input instanceof Date;
        const isValidDate = isDate && !Number.isNaN(input.getTime());
        if (isValidDate)
            return payload;
        payload.issues.push({
            expected: "date",
            code: "invalid_type",
            input,
            ...(isDate ? { received: "Invalid Date" } : {}),
            inst,
        });
        return payload;
    };
});
// an oversized container fails its leading size checks before any element is parsed
function capSize(inst, size) {
    const caps = sizeCaps(inst._zod.def.checks);
    if (!caps.length)
        return;
    const cap = Math.min(...caps.map((c) => c[0]));
    const parse = inst._zod.parse;
    inst._zod.parse = (payload, ctx) => {
        const n = size(payload.value);
        if (n > cap && !ctx?.skipChecks && ctx?.direction !== "backward") {
            for (const [max, ch] of sizeCaps(inst._zod.def.checks)) {
                if (n > max && ch._zod.def.when(payload)) {
                    const start = payload.issues.length;
                    ch._zod.check(payload);
                    // the value is still the raw input, so no later check may read it
                    payload.issues[start].continue = false;
                    attachSchema(payload.issues, start, inst);
                    return payload;
                }
            }
        }
        return parse(payload, ctx);
    };
}
const arraySize = (input) => (Array.isArray(input) ? input.length : -1);
const mapSize = (input) => (input instanceof Map ? input.size : -1);
const setSize = (input) => (input instanceof Set ? input.size : -1);
function handleArrayResult(result, final, index) {
    if (result.issues.length) {
        final.issues.push(...prefixIssues(index, result.issues));
    }
    final.value[index] = result.value;
}
const $ZodArray = /*@__PURE__*/ $constructor("$ZodArray", (inst, def) => {
    $ZodType.init(inst, def);
    const memo = globalConfig.memoizer;
    memo?.attach(inst);
    inst._zod.parse = (payload, ctx) => {
        const input = payload.value;
        if (!Array.isArray(input)) {
            payload.issues.push({
                expected: "array",
                code: "invalid_type",
                input,
                inst,
            });
            return payload;
        }
        payload.value = memo ? memo.alloc(inst, payload, Array(input.length), ctx) : Array(input.length);
        const proms = [];
        const abortEarly = ctx?.abortEarly;
        for (let i = 0; i < input.length; i++) {
            const item = input[i];
            const result = def.element._zod.run({
                value: item,
                issues: [],
            }, ctx);
            if (result instanceof Promise) {
                proms.push(result.then((result) => handleArrayResult(result, payload, i)));
            }
            else {
                handleArrayResult(result, payload, i);
                // the element's payload is authoritative here, since handleArrayResult forwards every issue; an object's is not, because it drops a failed absent optional
                if (abortEarly && result.issues.length !== 0 && aborted(result))
                    break;
            }
        }
        if (proms.length) {
            return Promise.all(proms).then(() => payload);
        }
        return payload; //handleArrayResultsAsync(parseResults, final);
    };
    capSize(inst, arraySize);
});
function handlePropertyResult(result, final, key, input, optin, optout) {
    const isPresent = key in input;
    const isOptionalOut = optout === "optional";
    // The middle rung means "absence permitted, nothing supplied in its place", so an absent key contributes nothing — whatever the schema made of `undefined` is invented, not substituted. Only `optional` reaches this with a value: `defaulted` substitutes, and a schema that isn't optional-out has to keep the key.
    if (!isPresent && isOptionalOut && optin === "optional") {
        return;
    }
    if (result.issues.length) {
        // For optional-in/out schemas, ignore errors on absent keys.
        if (optin !== undefined && isOptionalOut && !isPresent) {
            return;
        }
        final.issues.push(...prefixIssues(key, result.issues));
    }
    if (!isPresent && optin === undefined) {
        if (!result.issues.length) {
            final.issues.push({
                code: "invalid_type",
                expected: "nonoptional",
                input: undefined,
                path: [key],
            });
        }
        return;
    }
    if (result.value === undefined) {
        if (isPresent || (optin === "defaulted" && !isOptionalOut)) {
            final.value[key] = undefined;
        }
    }
    else {
        final.value[key] = result.value;
    }
}
// one shared instance; a fresh [] per schema cost 56 bytes retained
const NO_SYMBOL_KEYS = [];
function normalizeDef(def) {
    const keys = Object.keys(def.shape);
    const ownSymbols = Object.getOwnPropertySymbols(def.shape);
    const symbolKeys = ownSymbols.length ? ownSymbols : NO_SYMBOL_KEYS;
    // aliases `keys` when there are no symbols, so a string-only shape keeps one array
    const allKeys = symbolKeys.length ? [...keys, ...symbolKeys] : keys;
    for (const k of allKeys) {
        if (!def.shape?.[k]?._zod?.traits?.has("$ZodType")) {
            throw new Error(`Invalid element at key "${String(k)}": expected a Zod schema`);
        }
    }
    const okeys = optionalKeys(def.shape);
    return {
        ...def,
        allKeys,
        symbolKeys,
        // string-only: handleCatchall matches it against `for...in`, which never yields a symbol
        keySet: new Set(keys),
        numKeys: keys.length,
        optionalKeys: new Set(okeys),
    };
}
function handleCatchall(proms, input, payload, ctx, def, inst, abortEarly) {
    const unrecognized = [];
    const keySet = def.keySet;
    const _catchall = def.catchall._zod;
    const t = _catchall.def.type;
    const optin = _catchall.optin;
    const optout = _catchall.optout;
    // starts at 0, not the current length: the shape phase already ran and may have aborted
    let seen = 0;
    for (const key in input) {
        if (abortEarly && payload.issues.length !== seen) {
            if (aborted(payload, seen))
                break;
            seen = payload.issues.length;
        }
        // Must precede the __proto__ branch: a declared key is not unrecognized, even though the shape loop deliberately strips __proto__ from the parsed output.
        if (keySet.has(key))
            continue;
        // Don't copy an undeclared __proto__ into the result; assignment to a plain {} would replace the result prototype. But in strict mode it is still an unknown key, so report it before skipping.
        if (key === "__proto__") {
            if (t === "never")
                unrecognized.push(key);
            continue;
        }
        if (t === "never") {
            unrecognized.push(key);
            continue;
        }
        const r = _catchall.run({ value: input[key], issues: [] }, ctx);
        if (r instanceof Promise) {
            proms.push(r.then((r) => handlePropertyResult(r, payload, key, input, optin, optout)));
        }
        else {
            handlePropertyResult(r, payload, key, input, optin, optout);
        }
    }
    if (unrecognized.length) {
        payload.issues.push({
            code: "unrecognized_keys",
            keys: unrecognized,
            input,
            inst,
            // Describes the shape of the input, not the validity of the parsed value, so it never aborts. The parse still fails; the schema's own checks just get to run first, and an enclosing intersection can reconcile the key against a sibling operand.
            continue: true,
        });
    }
    if (!proms.length)
        return payload;
    return Promise.all(proms).then(() => {
        return payload;
    });
}
const $ZodObject = /*@__PURE__*/ $constructor("$ZodObject", (inst, def) => {
    // requires cast because technically $ZodObject doesn't extend
    $ZodType.init(inst, def);
    const desc = Object.getOwnPropertyDescriptor(def, "shape");
    // a cloned def carries its source's accessor, which knows the shape it answers from; adopting that keeps the clone's keys readable without running it
    const sh = desc?.get ? desc.get.raw : (def.shape ?? {});
    if (sh) {
        // Freezes the shape on first read, so its getters resolve once and every later read sees the same schemas.
        const get = () => {
            const newSh = { ...sh };
            Object.defineProperty(def, "shape", { value: newSh });
            get.raw = newSh;
            return newSh;
        };
        get.raw = sh;
        Object.defineProperty(def, "shape", { get });
    }
    const _normalized = cached(() => normalizeDef(def));
    defineLazyInternal(inst, "propValues", (zod) => {
        const shape = zod.def.shape;
        const propValues = {};
        for (const key in shape) {
            const field = shape[key]._zod;
            if (field.values) {
                if (!Object.prototype.hasOwnProperty.call(propValues, key)) {
                    util_assignProp(propValues, key, new Set());
                }
                for (const v of field.values)
                    propValues[key].add(v);
                // An omittable slot reads back as undefined at a discriminator lookup, so it has to claim undefined: two options that can both omit the key are not discriminable on it.
                if (field.optin !== undefined)
                    propValues[key].add(undefined);
            }
        }
        return propValues;
    });
    const isObject = util_isObject;
    const catchall = def.catchall;
    let value;
    const memo = globalConfig.memoizer;
    memo?.attach(inst);
    inst._zod.parse = (payload, ctx) => {
        value ?? (value = _normalized.value);
        const input = payload.value;
        if (!isObject(input)) {
            payload.issues.push({
                expected: "object",
                code: "invalid_type",
                input,
                inst,
            });
            return payload;
        }
        payload.value = memo ? memo.alloc(inst, payload, {}, ctx) : {};
        const proms = [];
        const shape = value.shape;
        const abortEarly = ctx?.abortEarly;
        let seen = payload.issues.length;
        for (const key of value.allKeys) {
            if (abortEarly && payload.issues.length !== seen) {
                if (aborted(payload, seen))
                    break;
                seen = payload.issues.length;
            }
            if (key === "__proto__")
                continue;
            const el = shape[key];
            const optin = el._zod.optin;
            const optout = el._zod.optout;
            const r = el._zod.run({ value: input[key], issues: [] }, ctx);
            if (r instanceof Promise) {
                proms.push(r.then((r) => handlePropertyResult(r, payload, key, input, optin, optout)));
            }
            else {
                handlePropertyResult(r, payload, key, input, optin, optout);
            }
        }
        if (!catchall) {
            return proms.length ? Promise.all(proms).then(() => payload) : payload;
        }
        return handleCatchall(proms, input, payload, ctx, _normalized.value, inst, abortEarly === true);
    };
});
const $ZodObjectJIT = /*@__PURE__*/ $constructor("$ZodObjectJIT", (inst, def) => {
    // requires cast because technically $ZodObject doesn't extend
    $ZodObject.init(inst, def);
    const superParse = inst._zod.parse;
    const _normalized = cached(() => normalizeDef(def));
    const memo = globalConfig.memoizer;
    const generateFastpass = (shape) => {
        const normalized = _normalized.value;
        const syms = normalized.symbolKeys;
        // a symbol has no source literal, so it is read as `syms[i]` off the closed-over scope
        const doc = new Doc(["payload", "ctx"], { shape, inst, memo, syms });
        const parseStr = (k) => `shape[${k}]._zod.run({ value: input[${k}], issues: [] }, ctx)`;
        // prefixes in place, like util.prefixIssues. newResult must land before the early return: a catchall runs after this and would otherwise write onto the caller's input
        const prefixStr = (id, k) => `
          let ${id}_ab = false;
          for (let i = 0; i < ${id}.issues.length; i++) {
            const iss = ${id}.issues[i];
            iss.path = iss.path ? [${k}, ...iss.path] : [${k}];
            payload.issues.push(iss);
            if (iss.continue !== true) ${id}_ab = true;
          }
          if (${id}_ab && ctx && ctx.abortEarly) {
            payload.value = newResult;
            return payload;
          }`;
        doc.write(`const input = payload.value;`);
        const ids = Object.create(null);
        let counter = 0;
        for (const key of normalized.allKeys) {
            ids[key] = `key_${counter++}`;
        }
        // A: preserve key order {
        doc.write(memo ? `const newResult = memo.alloc(inst, payload, {}, ctx);` : `const newResult = {};`);
        for (const key of normalized.allKeys) {
            if (key === "__proto__")
                continue;
            const id = ids[key];
            const k = typeof key === "symbol" ? `syms[${syms.indexOf(key)}]` : esc(key);
            const isPresent = `${k} in input`;
            const schema = shape[key];
            const optin = schema?._zod?.optin;
            const isOptionalIn = optin !== undefined;
            const isOptionalOut = schema?._zod?.optout === "optional";
            doc.write(`const ${id} = ${parseStr(k)};`);
            if (isOptionalIn && isOptionalOut) {
                // For optional-in/out schemas, ignore errors on absent keys — and, like the interpreted path, drop the value produced alongside them. The middle rung goes further: it permits absence without supplying anything in its place, so an absent key contributes nothing at all.
                const assign = optin === "optional" ? `${id}_present` : `${id}.value !== undefined || ${id}_present`;
                doc.write(`
        const ${id}_present = ${isPresent};
        if (!${id}.issues.length || ${id}_present) {
          if (${id}.issues.length) {${prefixStr(id, k)}
          }

          if (${assign}) {
            newResult[${k}] = ${id}.value;
          }
        }

      `);
            }
            else if (!isOptionalIn) {
                doc.write(`
        const ${id}_present = ${isPresent};
        if (${id}.issues.length) {${prefixStr(id, k)}
        }
        if (!${id}_present && !${id}.issues.length) {
          payload.issues.push({
            code: "invalid_type",
            expected: "nonoptional",
            input: undefined,
            path: [${k}]
          });
          if (ctx && ctx.abortEarly) {
            payload.value = newResult;
            return payload;
          }
        }

        if (${id}_present) {
          newResult[${k}] = ${id}.value;
        }

      `);
            }
            else {
                doc.write(`
        if (${id}.issues.length) {${prefixStr(id, k)}
        }
      `);
                if (optin === "defaulted") {
                    doc.write(`newResult[${k}] = ${id}.value;`);
                }
                else {
                    doc.write(`
        if (${id}.value !== undefined || ${isPresent}) {
          newResult[${k}] = ${id}.value;
        }
      `);
                }
            }
        }
        doc.write(`payload.value = newResult;`);
        doc.write(`return payload;`);
        // closing `shape` in is what pays: turbofan specializes the parser against that one shape object, so every `shape[k]._zod.run` folds to a known callee. as a parameter it stays a generic load and measures 13% slower even with the forwarding frame gone
        return doc.compile();
    };
    let fastpass;
    const isObject = util_isObject;
    const jit = !globalConfig.jitless;
    const allowsEval = util_allowsEval;
    const fastEnabled = jit && allowsEval.value; // && !def.catchall;
    const catchall = def.catchall;
    let value;
    inst._zod.parse = (payload, ctx) => {
        value ?? (value = _normalized.value);
        const input = payload.value;
        if (!isObject(input)) {
            payload.issues.push({
                expected: "object",
                code: "invalid_type",
                input,
                inst,
            });
            return payload;
        }
        if (jit && fastEnabled && ctx?.async === false && ctx.jitless !== true) {
            // always synchronous
            if (!fastpass)
                fastpass = generateFastpass(def.shape);
            payload = fastpass(payload, ctx);
            if (!catchall)
                return payload;
            return handleCatchall([], input, payload, ctx, value, inst, ctx?.abortEarly === true);
        }
        return superParse(payload, ctx);
    };
});
function handleUnionResults(results, final, inst, ctx) {
    for (const result of results) {
        if (result.issues.length === 0) {
            final.value = result.value;
            return final;
        }
    }
    const nonaborted = results.filter((r) => !aborted(r));
    if (nonaborted.length === 1) {
        final.value = nonaborted[0].value;
        return nonaborted[0];
    }
    final.issues.push({
        code: "invalid_union",
        input: final.value,
        inst,
        errors: results.map((result) => result.issues.map((iss) => finalizeIssue(iss, ctx, config()))),
    });
    return final;
}
const $ZodUnion = /*@__PURE__*/ $constructor("$ZodUnion", (inst, def) => {
    $ZodType.init(inst, def);
    defineLazyInternal(inst, "optin", (zod) => zod.def.options.some((o) => o._zod.optin === "defaulted")
        ? "defaulted"
        : zod.def.options.some((o) => o._zod.optin !== undefined)
            ? "optional"
            : undefined);
    defineLazyInternal(inst, "optout", (zod) => zod.def.options.some((o) => o._zod.optout === "optional") ? "optional" : undefined);
    defineLazyInternal(inst, "values", (zod) => {
        if (zod.def.options.every((o) => o._zod.values)) {
            return new Set(zod.def.options.flatMap((option) => Array.from(option._zod.values)));
        }
        return undefined;
    });
    defineLazyInternal(inst, "pattern", (zod) => {
        if (zod.def.options.every((o) => o._zod.pattern)) {
            const patterns = zod.def.options.map((o) => o._zod.pattern);
            return new RegExp(`^(${patterns.map((p) => cleanRegex(p.source)).join("|")})$`);
        }
        return undefined;
    });
    const first = def.options.length === 1 ? def.options[0]._zod.run : null;
    inst._zod.parse = (payload, ctx) => {
        if (first) {
            return first(payload, ctx);
        }
        let async = false;
        const results = [];
        for (const option of def.options) {
            const result = option._zod.run({
                value: payload.value,
                issues: [],
            }, ctx);
            if (result instanceof Promise) {
                results.push(result);
                async = true;
            }
            else {
                if (result.issues.length === 0)
                    return result;
                results.push(result);
            }
        }
        if (!async)
            return handleUnionResults(results, payload, inst, ctx);
        return Promise.all(results).then((results) => {
            return handleUnionResults(results, payload, inst, ctx);
        });
    };
});
function handleExclusiveUnionResults(results, final, inst, ctx) {
    const matches = [];
    for (let i = 0; i < results.length; i++) {
        if (results[i].issues.length === 0)
            matches.push(i);
    }
    if (matches.length === 1) {
        final.value = results[matches[0]].value;
        return final;
    }
    if (matches.length === 0) {
        // No matches - same as regular union
        final.issues.push({
            code: "invalid_union",
            input: final.value,
            inst,
            errors: results.map((result) => result.issues.map((iss) => util.finalizeIssue(iss, ctx, core.config()))),
        });
    }
    else {
        // Multiple matches - exclusive union failure
        final.issues.push({
            code: "invalid_union",
            input: final.value,
            inst,
            errors: [],
            inclusive: false,
            matches,
        });
    }
    return final;
}
const $ZodXor = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodXor", (inst, def) => {
    $ZodUnion.init(inst, def);
    def.inclusive = false;
    const first = def.options.length === 1 ? def.options[0]._zod.run : null;
    inst._zod.parse = (payload, ctx) => {
        if (first) {
            return first(payload, ctx);
        }
        let async = false;
        const results = [];
        for (const option of def.options) {
            const result = option._zod.run({
                value: payload.value,
                issues: [],
            }, ctx);
            if (result instanceof Promise) {
                results.push(result);
                async = true;
            }
            else {
                results.push(result);
            }
        }
        if (!async)
            return handleExclusiveUnionResults(results, payload, inst, ctx);
        return Promise.all(results).then((results) => {
            return handleExclusiveUnionResults(results, payload, inst, ctx);
        });
    };
})));
/** Returns the option whose discriminator claims `value`, or throws if ambiguous. */
function getDiscriminatedOption(union, value) {
    const internals = union._zod;
    let map = internals.bag.optionsMap;
    if (!map) {
        map = discriminatorMap(internals.def);
        internals.bag.optionsMap = map;
    }
    const option = map.get(value);
    if (option === null)
        throw new Error(`Ambiguous discriminator value "${String(value)}"`);
    return option;
}
function discriminatorMap(def) {
    const map = new Map();
    for (const option of def.options) {
        const values = option._zod.propValues?.[def.discriminator];
        if (!values || values.size === 0)
            throw new Error(`Invalid discriminated union option at index "${def.options.indexOf(option)}"`);
        for (const value of values) {
            if (map.has(value)) {
                if (value !== undefined)
                    throw new Error(`Duplicate discriminator value "${String(value)}"`);
                // keep the collision marked so a later member cannot reclaim it
                map.set(value, null);
            }
            else {
                map.set(value, option);
            }
        }
    }
    return map;
}
const $ZodDiscriminatedUnion = 
/*@__PURE__*/
(/* unused pure expression or super */ null && (core.$constructor("$ZodDiscriminatedUnion", (inst, def) => {
    def.inclusive = false;
    $ZodUnion.init(inst, def);
    const _super = inst._zod.parse;
    util.defineLazyInternal(inst, "propValues", (zod) => {
        const propValues = {};
        let undefinedCount = 0;
        for (const option of zod.def.options) {
            const pv = option._zod.propValues;
            if (!pv || Object.keys(pv).length === 0)
                throw new Error(`Invalid discriminated union option at index "${zod.def.options.indexOf(option)}"`);
            if (pv[zod.def.discriminator]?.has(undefined))
                undefinedCount++;
            for (const [k, v] of Object.entries(pv)) {
                if (!Object.prototype.hasOwnProperty.call(propValues, k)) {
                    util.assignProp(propValues, k, new Set());
                }
                for (const val of v) {
                    propValues[k].add(val);
                }
            }
        }
        if (!zod.def.unionFallback && undefinedCount > 1)
            propValues[zod.def.discriminator]?.delete(undefined);
        return propValues;
    });
    // Checked now rather than in the lookup map below, so an option that lacks the discriminator fails at the `discriminatedUnion` call instead of on the first object parsed. Options whose shape cannot be enumerated without resolving it — pipes and lazies — are left to the map.
    def.options.forEach((option, i) => {
        const propShape = util.rawShape(option._zod.def);
        if (propShape && !Object.prototype.hasOwnProperty.call(propShape, def.discriminator)) {
            throw new Error(`Invalid discriminated union option at index "${i}"`);
        }
    });
    const disc = util.cached(() => discriminatorMap(def));
    inst._zod.parse = (payload, ctx) => {
        const input = payload.value;
        if (!util.isObject(input)) {
            payload.issues.push({
                code: "invalid_type",
                expected: "object",
                input,
                inst,
            });
            return payload;
        }
        const value = input?.[def.discriminator];
        const opt = disc.value.get(value);
        // forward metadata cannot choose an encoder for an absent tag
        if (opt && (value !== undefined || ctx.direction !== "backward")) {
            return opt._zod.run(payload, ctx);
        }
        // Fall back to union matching when the fast discriminator path fails:
        // - explicitly enabled via unionFallback, or
        // - during backward direction (encode), since codec-based discriminators have different values in forward vs backward directions
        if (def.unionFallback || ctx.direction === "backward") {
            return _super(payload, ctx);
        }
        // no matching discriminator
        payload.issues.push({
            code: "invalid_union",
            errors: [],
            note: "No matching discriminator",
            discriminator: def.discriminator,
            options: Array.from(disc.value.keys()).filter((value) => disc.value.get(value) !== null),
            input,
            path: [def.discriminator],
            inst,
        });
        return payload;
    };
})));
const $ZodIntersection = /*@__PURE__*/ $constructor("$ZodIntersection", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, ctx) => {
        const input = payload.value;
        const left = def.left._zod.run({ value: input, issues: [] }, ctx);
        const right = def.right._zod.run({ value: input, issues: [] }, ctx);
        const async = left instanceof Promise || right instanceof Promise;
        if (async) {
            return Promise.all([left, right]).then(([left, right]) => {
                return handleIntersectionResults(payload, left, right);
            });
        }
        return handleIntersectionResults(payload, left, right);
    };
});
function mergeValues(a, b) {
    // const aType = parse.t(a);
    // const bType = parse.t(b);
    if (a === b) {
        return { valid: true, data: a };
    }
    if (a instanceof Date && b instanceof Date && +a === +b) {
        return { valid: true, data: a };
    }
    if (isPlainObject(a) && isPlainObject(b)) {
        const bKeys = Object.keys(b);
        const sharedKeys = Object.keys(a).filter((key) => bKeys.indexOf(key) !== -1);
        const newObj = { ...a, ...b };
        if (Object.prototype.hasOwnProperty.call(newObj, "__proto__"))
            delete newObj.__proto__;
        for (const key of sharedKeys) {
            if (key === "__proto__")
                continue;
            const sharedValue = mergeValues(a[key], b[key]);
            if (!sharedValue.valid) {
                return {
                    valid: false,
                    mergeErrorPath: [key, ...sharedValue.mergeErrorPath],
                };
            }
            newObj[key] = sharedValue.data;
        }
        return { valid: true, data: newObj };
    }
    if (Array.isArray(a) && Array.isArray(b)) {
        if (a.length !== b.length) {
            return { valid: false, mergeErrorPath: [] };
        }
        const newArray = [];
        for (let index = 0; index < a.length; index++) {
            const itemA = a[index];
            const itemB = b[index];
            const sharedValue = mergeValues(itemA, itemB);
            if (!sharedValue.valid) {
                return {
                    valid: false,
                    mergeErrorPath: [index, ...sharedValue.mergeErrorPath],
                };
            }
            newArray.push(sharedValue.data);
        }
        return { valid: true, data: newArray };
    }
    return { valid: false, mergeErrorPath: [] };
}
function handleIntersectionResults(result, left, right) {
    // Track which side(s) reject each key. A key rejection is reported only when BOTH sides reject it, so a key owned by one branch survives the other's key schema. strictObject reports these as unrecognized_keys; a record with an open key schema reports one invalid_key per key.
    const unrecKeys = new Map();
    let unrecIssue;
    const keyIssues = new Map();
    const collect = (iss, side) => {
        let keys;
        if (iss.code === "unrecognized_keys" && !iss.path?.length) {
            unrecIssue ?? (unrecIssue = iss);
            keys = iss.keys;
        }
        else if (iss.code === "invalid_key" && iss.origin === "record" && iss.path?.length === 1) {
            const k = String(iss.path[0]);
            if (!keyIssues.has(k))
                keyIssues.set(k, iss);
            keys = [k];
        }
        else {
            return false;
        }
        for (const k of keys) {
            if (!unrecKeys.has(k))
                unrecKeys.set(k, {});
            unrecKeys.get(k)[side] = true;
        }
        return true;
    };
    for (const iss of left.issues) {
        if (!collect(iss, "l"))
            result.issues.push(iss);
    }
    for (const iss of right.issues) {
        if (!collect(iss, "r"))
            result.issues.push(iss);
    }
    // Report only keys rejected by BOTH sides
    const bothKeys = [...unrecKeys].filter(([, f]) => f.l && f.r).map(([k]) => k);
    if (bothKeys.length) {
        const aggregated = unrecIssue ? bothKeys.filter((k) => unrecIssue.keys.includes(k)) : [];
        if (aggregated.length)
            result.issues.push({ ...unrecIssue, keys: aggregated });
        for (const k of bothKeys) {
            if (!aggregated.includes(k) && keyIssues.has(k))
                result.issues.push(keyIssues.get(k));
        }
    }
    const merged = mergeValues(left.value, right.value);
    if (!merged.valid) {
        if (aborted(result))
            return result;
        throw new Error(`Unmergable intersection. Error path: ` + `${JSON.stringify(merged.mergeErrorPath)}`);
    }
    result.value = merged.data;
    return result;
}
const $ZodTuple = /*@__PURE__*/ $constructor("$ZodTuple", (inst, def) => {
    $ZodType.init(inst, def);
    const items = def.items;
    const memo = globalConfig.memoizer;
    memo?.attach(inst);
    inst._zod.parse = (payload, ctx) => {
        const input = payload.value;
        if (!Array.isArray(input)) {
            payload.issues.push({
                input,
                inst,
                expected: "tuple",
                code: "invalid_type",
            });
            return payload;
        }
        payload.value = memo ? memo.alloc(inst, payload, [], ctx) : [];
        const proms = [];
        const optinStart = getTupleOptStart(items, "optin");
        const optoutStart = getTupleOptStart(items, "optout");
        if (!def.rest) {
            if (input.length < optinStart) {
                payload.issues.push({
                    code: "too_small",
                    minimum: optinStart,
                    inclusive: true,
                    input,
                    inst,
                    origin: "array",
                });
                return payload;
            }
            if (input.length > items.length) {
                payload.issues.push({
                    code: "too_big",
                    maximum: items.length,
                    inclusive: true,
                    input,
                    inst,
                    origin: "array",
                });
            }
        }
        // Run every item in parallel, collecting results into an indexed array. The post-processing in `handleTupleResults` walks them in order so it can decide whether an absent optional-output error can truncate the tail or must be reported to preserve required output.
        const itemResults = new Array(items.length);
        // only tracked when there is a rest loop to skip
        const abortEarly = def.rest ? ctx?.abortEarly : undefined;
        let itemAborted = false;
        for (let i = 0; i < items.length; i++) {
            const r = items[i]._zod.run({ value: input[i], issues: [] }, ctx);
            if (r instanceof Promise) {
                proms.push(r.then((rr) => {
                    itemResults[i] = rr;
                }));
            }
            else {
                itemResults[i] = r;
                if (abortEarly && !itemAborted && r.issues.length)
                    itemAborted = aborted(r);
            }
        }
        // sound because rest is non-empty exactly when every fixed index is present, the one case handleTupleResults cannot discard an item's issues
        if (def.rest && !itemAborted) {
            let i = items.length - 1;
            const rest = input.slice(items.length);
            let seen = payload.issues.length;
            for (const el of rest) {
                if (abortEarly && payload.issues.length !== seen) {
                    if (aborted(payload, seen))
                        break;
                    seen = payload.issues.length;
                }
                i++;
                const result = def.rest._zod.run({ value: el, issues: [] }, ctx);
                if (result instanceof Promise) {
                    proms.push(result.then((r) => handleTupleResult(r, payload, i)));
                }
                else {
                    handleTupleResult(result, payload, i);
                }
            }
        }
        if (proms.length) {
            return Promise.all(proms).then(() => handleTupleResults(itemResults, payload, items, input, optoutStart));
        }
        return handleTupleResults(itemResults, payload, items, input, optoutStart);
    };
});
function getTupleOptStart(items, key) {
    for (let i = items.length - 1; i >= 0; i--) {
        // optin is a three-rung ladder so any rung above `undefined` permits an absent slot; optout stays two-valued.
        const omittable = key === "optin" ? items[i]._zod.optin !== undefined : items[i]._zod.optout === "optional";
        if (!omittable)
            return i + 1;
    }
    return 0;
}
function handleTupleResult(result, final, index) {
    if (result.issues.length) {
        final.issues.push(...prefixIssues(index, result.issues));
    }
    final.value[index] = result.value;
}
function handleTupleResults(itemResults, final, items, input, optoutStart) {
    // Walk results in order. Mirror $ZodObject's swallow-on-absent-optional rule, but only after `optoutStart`: the first index where the output tuple tail can be absent.
    for (let i = 0; i < items.length; i++) {
        const r = itemResults[i];
        const isPresent = i < input.length;
        // The array analog of `handlePropertyResult`'s absent-key early return: the middle rung permits absence without supplying anything in its place, so the tail truncates here instead of materializing whatever the item made of `undefined`.
        if (!isPresent && i >= optoutStart && items[i]._zod.optin === "optional") {
            final.value.length = i;
            break;
        }
        if (r.issues.length) {
            if (!isPresent && i >= optoutStart) {
                final.value.length = i;
                break;
            }
            final.issues.push(...prefixIssues(i, r.issues));
        }
        final.value[i] = r.value;
    }
    // Drop trailing slots that produced `undefined` for absent input
    // (the array analog of an absent optional key on an object). The
    // `i >= input.length` floor is critical: an explicit `undefined`
    // *inside* the input must be preserved even when the schema is
    // optional-out (e.g. `z.string().or(z.undefined())` accepting an
    // explicit undefined value).
    for (let i = final.value.length - 1; i >= input.length; i--) {
        if (items[i]._zod.optout === "optional" && final.value[i] === undefined) {
            final.value.length = i;
        }
        else {
            break;
        }
    }
    return final;
}
const $ZodRecord = /*@__PURE__*/ $constructor("$ZodRecord", (inst, def) => {
    $ZodType.init(inst, def);
    const memo = globalConfig.memoizer;
    memo?.attach(inst);
    inst._zod.parse = (payload, ctx) => {
        const input = payload.value;
        if (!isPlainObject(input)) {
            payload.issues.push({
                expected: "record",
                code: "invalid_type",
                input,
                inst,
            });
            return payload;
        }
        // no guard in either loop below: a record's invalid_key aborts but an enclosing intersection can reconcile it, so a stopped loop hides keys the sibling does not own and the intersection then rejects nothing
        const proms = [];
        const values = def.keyType._zod.values;
        if (values && !def.partial) {
            payload.value = memo ? memo.alloc(inst, payload, {}, ctx) : {};
            const recordKeys = new Set();
            for (const key of values) {
                if (typeof key === "string" || typeof key === "number" || typeof key === "symbol") {
                    recordKeys.add(typeof key === "number" ? key.toString() : key);
                    // A declared __proto__ is stripped but is not an unrecognized key.
                    if (key === "__proto__")
                        continue;
                    const keyResult = def.keyType._zod.run({ value: key, issues: [] }, ctx);
                    if (keyResult instanceof Promise) {
                        throw new Error("Async schemas not supported in object keys currently");
                    }
                    if (keyResult.issues.length) {
                        payload.issues.push({
                            code: "invalid_key",
                            origin: "record",
                            issues: keyResult.issues.map((iss) => finalizeIssue(iss, ctx, config())),
                            input: key,
                            path: [key],
                            inst,
                        });
                        continue;
                    }
                    const outKey = keyResult.value;
                    if (outKey === "__proto__")
                        continue;
                    const result = def.valueType._zod.run({ value: input[key], issues: [] }, ctx);
                    if (result instanceof Promise) {
                        proms.push(result.then((result) => {
                            if (result.issues.length) {
                                payload.issues.push(...prefixIssues(key, result.issues));
                            }
                            payload.value[outKey] = result.value;
                        }));
                    }
                    else {
                        if (result.issues.length) {
                            payload.issues.push(...prefixIssues(key, result.issues));
                        }
                        payload.value[outKey] = result.value;
                    }
                }
            }
            let unrecognized;
            for (const key in input) {
                if (!recordKeys.has(key)) {
                    if (def.mode === "loose") {
                        // skip __proto__ so it can't replace the result prototype via the assignment setter on the plain {} we build into
                        if (key === "__proto__")
                            continue;
                        payload.value[key] = input[key];
                    }
                    else {
                        unrecognized = unrecognized ?? [];
                        unrecognized.push(key);
                    }
                }
            }
            if (unrecognized && unrecognized.length > 0) {
                payload.issues.push({
                    code: "unrecognized_keys",
                    input,
                    inst,
                    keys: unrecognized,
                    continue: true,
                });
            }
        }
        else {
            payload.value = memo ? memo.alloc(inst, payload, {}, ctx) : {};
            // An enumerable key schema declares which keys the record owns, so a key outside the set is unrecognized. A non-enumerable one (regex, refine) is a constraint every key must satisfy, so a failing key is invalid. Only the former is reconcilable against the other side of an intersection.
            let unrecognized;
            // Reflect.ownKeys for Symbol-key support; filter non-enumerable to match z.object()
            for (const key of Reflect.ownKeys(input)) {
                if (key === "__proto__")
                    continue;
                if (!Object.prototype.propertyIsEnumerable.call(input, key))
                    continue;
                let keyResult = def.keyType._zod.run({ value: key, issues: [] }, ctx);
                if (keyResult instanceof Promise) {
                    throw new Error("Async schemas not supported in object keys currently");
                }
                // Numeric string fallback: if key is a numeric string and failed, retry with Number(key). This handles z.number(), z.literal([1, 2, 3]), and unions containing numeric literals
                const checkNumericKey = typeof key === "string" && number.test(key) && keyResult.issues.length;
                if (checkNumericKey) {
                    const retryResult = def.keyType._zod.run({ value: Number(key), issues: [] }, ctx);
                    if (retryResult instanceof Promise) {
                        throw new Error("Async schemas not supported in object keys currently");
                    }
                    if (retryResult.issues.length === 0) {
                        keyResult = retryResult;
                    }
                }
                if (keyResult.issues.length) {
                    if (def.mode === "loose") {
                        // Pass through unchanged
                        payload.value[key] = input[key];
                    }
                    else if (values) {
                        unrecognized = unrecognized ?? [];
                        unrecognized.push(key);
                    }
                    else {
                        // Default "strict" behavior: error on invalid key
                        payload.issues.push({
                            code: "invalid_key",
                            origin: "record",
                            issues: keyResult.issues.map((iss) => finalizeIssue(iss, ctx, config())),
                            input: key,
                            path: [key],
                            inst,
                        });
                    }
                    continue;
                }
                // the guard above tests the raw input key, but the key schema can normalize an ordinary key into __proto__; re-check the key we actually write under
                const outKey = keyResult.value;
                if (outKey === "__proto__")
                    continue;
                const result = def.valueType._zod.run({ value: input[key], issues: [] }, ctx);
                if (result instanceof Promise) {
                    proms.push(result.then((result) => {
                        if (result.issues.length) {
                            payload.issues.push(...prefixIssues(key, result.issues));
                        }
                        payload.value[outKey] = result.value;
                    }));
                }
                else {
                    if (result.issues.length) {
                        payload.issues.push(...prefixIssues(key, result.issues));
                    }
                    payload.value[outKey] = result.value;
                }
            }
            if (unrecognized && unrecognized.length > 0) {
                payload.issues.push({
                    code: "unrecognized_keys",
                    input,
                    inst,
                    keys: unrecognized,
                    continue: true,
                });
            }
        }
        if (proms.length) {
            return Promise.all(proms).then(() => payload);
        }
        return payload;
    };
});
const $ZodMap = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodMap", (inst, def) => {
    $ZodType.init(inst, def);
    const memo = core.globalConfig.memoizer;
    memo?.attach(inst);
    inst._zod.parse = (payload, ctx) => {
        const input = payload.value;
        if (!(input instanceof Map)) {
            payload.issues.push({
                expected: "map",
                code: "invalid_type",
                input,
                inst,
            });
            return payload;
        }
        const proms = [];
        payload.value = memo ? memo.alloc(inst, payload, new Map(), ctx) : new Map();
        const abortEarly = ctx?.abortEarly;
        let seen = payload.issues.length;
        for (const [key, value] of input) {
            if (abortEarly && payload.issues.length !== seen) {
                if (util.aborted(payload, seen))
                    break;
                seen = payload.issues.length;
            }
            const keyResult = def.keyType._zod.run({ value: key, issues: [] }, ctx);
            const valueResult = def.valueType._zod.run({ value: value, issues: [] }, ctx);
            if (keyResult instanceof Promise || valueResult instanceof Promise) {
                proms.push(Promise.all([keyResult, valueResult]).then(([keyResult, valueResult]) => {
                    handleMapResult(keyResult, valueResult, payload, key, input, inst, ctx);
                }));
            }
            else {
                handleMapResult(keyResult, valueResult, payload, key, input, inst, ctx);
            }
        }
        if (proms.length)
            return Promise.all(proms).then(() => payload);
        return payload;
    };
    capSize(inst, mapSize);
})));
function handleMapResult(keyResult, valueResult, final, key, input, inst, ctx) {
    if (keyResult.issues.length) {
        if (util.propertyKeyTypes.has(typeof key)) {
            final.issues.push(...util.prefixIssues(key, keyResult.issues));
        }
        else {
            final.issues.push({
                code: "invalid_key",
                origin: "map",
                input,
                inst,
                issues: keyResult.issues.map((iss) => util.finalizeIssue(iss, ctx, core.config())),
            });
        }
    }
    if (valueResult.issues.length) {
        if (util.propertyKeyTypes.has(typeof key)) {
            final.issues.push(...util.prefixIssues(key, valueResult.issues));
        }
        else {
            final.issues.push({
                origin: "map",
                code: "invalid_element",
                input,
                inst,
                key: key,
                issues: valueResult.issues.map((iss) => util.finalizeIssue(iss, ctx, core.config())),
            });
        }
    }
    final.value.set(keyResult.value, valueResult.value);
}
const $ZodSet = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodSet", (inst, def) => {
    $ZodType.init(inst, def);
    const memo = core.globalConfig.memoizer;
    memo?.attach(inst);
    inst._zod.parse = (payload, ctx) => {
        const input = payload.value;
        if (!(input instanceof Set)) {
            payload.issues.push({
                input,
                inst,
                expected: "set",
                code: "invalid_type",
            });
            return payload;
        }
        const proms = [];
        payload.value = memo ? memo.alloc(inst, payload, new Set(), ctx) : new Set();
        const abortEarly = ctx?.abortEarly;
        let seen = payload.issues.length;
        for (const item of input) {
            if (abortEarly && payload.issues.length !== seen) {
                if (util.aborted(payload, seen))
                    break;
                seen = payload.issues.length;
            }
            const result = def.valueType._zod.run({ value: item, issues: [] }, ctx);
            if (result instanceof Promise) {
                proms.push(result.then((result) => handleSetResult(result, payload)));
            }
            else
                handleSetResult(result, payload);
        }
        if (proms.length)
            return Promise.all(proms).then(() => payload);
        return payload;
    };
    capSize(inst, setSize);
})));
function handleSetResult(result, final) {
    if (result.issues.length) {
        final.issues.push(...result.issues);
    }
    final.value.add(result.value);
}
const $ZodEnum = /*@__PURE__*/ $constructor("$ZodEnum", (inst, def) => {
    $ZodType.init(inst, def);
    const values = getEnumValues(def.entries);
    const valuesSet = new Set(values);
    inst._zod.values = valuesSet;
    defineLazyInternal(inst, "pattern", (zod) => {
        const patternValues = getEnumValues(zod.def.entries).filter((k) => propertyKeyTypes.has(typeof k));
        // unmatchable fallback, RE2-safe: an empty alternation would compile to /^()$/, which matches ""
        return new RegExp(patternValues.length ? `^(${patternValues.map((o) => escapeRegex(o.toString())).join("|")})$` : "^[^\\s\\S]$");
    });
    inst._zod.parse = (payload, _ctx) => {
        const input = payload.value;
        if (valuesSet.has(input)) {
            return payload;
        }
        payload.issues.push({
            code: "invalid_value",
            values,
            input,
            inst,
        });
        return payload;
    };
});
const $ZodLiteral = /*@__PURE__*/ $constructor("$ZodLiteral", (inst, def) => {
    $ZodType.init(inst, def);
    const values = new Set(def.values);
    inst._zod.values = values;
    defineLazyInternal(inst, "pattern", (zod) => {
        const vals = zod.def.values;
        // unmatchable fallback, RE2-safe: an empty alternation would compile to /^()$/, which matches ""
        return new RegExp(vals.length
            ? `^(${vals
                .map((o) => typeof o === "string" ? escapeRegex(o) : o ? escapeRegex(o.toString()) : String(o))
                .join("|")})$`
            : "^[^\\s\\S]$");
    });
    inst._zod.parse = (payload, _ctx) => {
        const input = payload.value;
        if (values.has(input)) {
            return payload;
        }
        payload.issues.push({
            code: "invalid_value",
            values: def.values,
            input,
            inst,
        });
        return payload;
    };
});
const $ZodFile = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodFile", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, _ctx) => {
        const input = payload.value;
        // @ts-ignore
        if (input instanceof File)
            return payload;
        payload.issues.push({
            expected: "file",
            code: "invalid_type",
            input,
            inst,
        });
        return payload;
    };
})));
const $ZodTransform = /*@__PURE__*/ $constructor("$ZodTransform", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.optin = "optional";
    globalConfig.memoizer?.guard(inst);
    inst._zod.parse = (payload, ctx) => {
        if (ctx.direction === "backward") {
            throw new $ZodEncodeError(inst.constructor.name);
        }
        const _out = def.transform(payload.value, payload);
        if (ctx.async) {
            const output = _out instanceof Promise ? _out : Promise.resolve(_out);
            return output.then((output) => {
                payload.value = output;
                return payload;
            });
        }
        if (_out instanceof Promise) {
            throw new $ZodAsyncError();
        }
        payload.value = _out;
        return payload;
    };
});
function handleOptionalResult(payload, result) {
    // A substituting schema that still failed has no usable answer; yield undefined. Its issues are simply dropped: it ran on a payload of its own, so there is no shared array to truncate and nothing of the caller's to lose with it.
    payload.value = result.issues.length ? undefined : result.value;
    return payload;
}
const $ZodOptional = /*@__PURE__*/ $constructor("$ZodOptional", (inst, def) => {
    $ZodType.init(inst, def);
    // .optional() propagates absence rather than substituting for it, so a defaulted inner keeps its rung.
    defineLazyInternal(inst, "optin", (zod) => zod.def.innerType._zod.optin === "defaulted" ? "defaulted" : "optional");
    inst._zod.optout = "optional";
    defineLazyInternal(inst, "values", (zod) => {
        const values = zod.def.innerType._zod.values;
        return values ? new Set([...values, undefined]) : undefined;
    });
    defineLazyInternal(inst, "pattern", (zod) => {
        const pattern = zod.def.innerType._zod.pattern;
        return pattern ? new RegExp(`^(${cleanRegex(pattern.source)})?$`) : undefined;
    });
    inst._zod.parse = (payload, ctx) => {
        if (payload.value === undefined) {
            // Only the top rung substitutes a value for absence; everything else leaves it intact, which is what .optional() means.
            if (def.innerType._zod.optin !== "defaulted")
                return payload;
            // Its own payload, for the same reason $ZodCatch gets one: a pipe forwards an unrecognized key through the caller's issues array, and this must not read that as the substituting schema failing and drop it.
            const result = def.innerType._zod.run({ value: payload.value, issues: [] }, ctx);
            if (result instanceof Promise)
                return result.then((result) => handleOptionalResult(payload, result));
            return handleOptionalResult(payload, result);
        }
        return def.innerType._zod.run(payload, ctx);
    };
});
const $ZodExactOptional = /*@__PURE__*/ $constructor("$ZodExactOptional", (inst, def) => {
    // Call parent init - inherits optin/optout = "optional"
    $ZodOptional.init(inst, def);
    // Override values/pattern to NOT add undefined
    defineLazyInternal(inst, "values", (zod) => zod.def.innerType._zod.values);
    defineLazyInternal(inst, "pattern", (zod) => zod.def.innerType._zod.pattern);
    // Override parse to just delegate (no undefined handling)
    inst._zod.parse = (payload, ctx) => {
        return def.innerType._zod.run(payload, ctx);
    };
});
const $ZodNullable = /*@__PURE__*/ $constructor("$ZodNullable", (inst, def) => {
    $ZodType.init(inst, def);
    defineLazyInternal(inst, "optin", (zod) => zod.def.innerType._zod.optin);
    defineLazyInternal(inst, "optout", (zod) => zod.def.innerType._zod.optout);
    defineLazyInternal(inst, "pattern", (zod) => {
        const pattern = zod.def.innerType._zod.pattern;
        return pattern ? new RegExp(`^(${cleanRegex(pattern.source)}|null)$`) : undefined;
    });
    defineLazyInternal(inst, "values", (zod) => {
        return zod.def.innerType._zod.values ? new Set([...zod.def.innerType._zod.values, null]) : undefined;
    });
    inst._zod.parse = (payload, ctx) => {
        // Forward direction (decode): allow null to pass through
        if (payload.value === null)
            return payload;
        return def.innerType._zod.run(payload, ctx);
    };
});
const $ZodDefault = /*@__PURE__*/ $constructor("$ZodDefault", (inst, def) => {
    $ZodType.init(inst, def);
    // inst._zod.qin = "true";
    inst._zod.optin = "defaulted";
    defineLazyInternal(inst, "values", (zod) => zod.def.innerType._zod.values);
    inst._zod.parse = (payload, ctx) => {
        if (ctx.direction === "backward") {
            return def.innerType._zod.run(payload, ctx);
        }
        // Forward direction (decode): apply defaults for undefined input
        if (payload.value === undefined) {
            payload.value = def.defaultValue;
            /**
             * $ZodDefault returns the default value immediately in forward direction.
             * It doesn't pass the default value into the validator ("prefault"). There's no reason to pass the default value through validation. The validity of the default is enforced by TypeScript statically. Otherwise, it's the responsibility of the user to ensure the default is valid. In the case of pipes with divergent in/out types, you can specify the default on the `in` schema of your ZodPipe to set a "prefault" for the pipe.   */
            return payload;
        }
        // Forward direction: continue with default handling
        const result = def.innerType._zod.run(payload, ctx);
        if (result instanceof Promise) {
            return result.then((result) => handleDefaultResult(result, def));
        }
        return handleDefaultResult(result, def);
    };
});
function handleDefaultResult(payload, def) {
    if (payload.value === undefined) {
        payload.value = def.defaultValue;
    }
    return payload;
}
const $ZodPrefault = /*@__PURE__*/ $constructor("$ZodPrefault", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.optin = "defaulted";
    defineLazyInternal(inst, "values", (zod) => zod.def.innerType._zod.values);
    inst._zod.parse = (payload, ctx) => {
        if (ctx.direction === "backward") {
            return def.innerType._zod.run(payload, ctx);
        }
        // Forward direction (decode): apply prefault for undefined input
        if (payload.value === undefined) {
            payload.value = def.defaultValue;
        }
        return def.innerType._zod.run(payload, ctx);
    };
});
const $ZodNonOptional = /*@__PURE__*/ $constructor("$ZodNonOptional", (inst, def) => {
    $ZodType.init(inst, def);
    defineLazyInternal(inst, "values", (zod) => {
        const v = zod.def.innerType._zod.values;
        return v ? new Set([...v].filter((x) => x !== undefined)) : undefined;
    });
    inst._zod.parse = (payload, ctx) => {
        const result = def.innerType._zod.run(payload, ctx);
        if (result instanceof Promise) {
            return result.then((result) => handleNonOptionalResult(result, inst));
        }
        return handleNonOptionalResult(result, inst);
    };
});
function handleNonOptionalResult(payload, inst) {
    if (!payload.issues.length && payload.value === undefined) {
        payload.issues.push({
            code: "invalid_type",
            expected: "nonoptional",
            input: payload.value,
            inst,
        });
    }
    return payload;
}
const $ZodSuccess = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodSuccess", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, ctx) => {
        if (ctx.direction === "backward") {
            throw new core.$ZodEncodeError("ZodSuccess");
        }
        const result = def.innerType._zod.run(payload, ctx);
        if (result instanceof Promise) {
            return result.then((result) => {
                payload.value = result.issues.length === 0;
                return payload;
            });
        }
        payload.value = result.issues.length === 0;
        return payload;
    };
})));
function handleCatchResult(payload, result, def, ctx) {
    if (!result.issues.length) {
        payload.value = result.value;
        // The value carries up, so the flag describing it has to carry with it: a back-edge into a node still being parsed must not be frozen by an enclosing readonly, and its checks belong to the node itself. Guarded so the ordinary case adds no own property.
        if (result.memo)
            payload.memo = true;
        return payload;
    }
    // Spread the inner's own payload, not ours: `value` has to stay the input the catch was handed, and the inner ran on a payload of its own so its issues are already private to this call.
    payload.value = def.catchValue({
        ...result,
        value: payload.value,
        error: {
            issues: result.issues.map((iss) => finalizeIssue(iss, ctx, config())),
        },
        input: payload.value,
    });
    return payload;
}
const $ZodCatch = /*@__PURE__*/ $constructor("$ZodCatch", (inst, def) => {
    $ZodType.init(inst, def);
    defineLazyInternal(inst, "optin", (zod) => zod.def.innerType._zod.optin === "defaulted" ? "defaulted" : "optional");
    defineLazyInternal(inst, "optout", (zod) => zod.def.innerType._zod.optout);
    defineLazyInternal(inst, "values", (zod) => zod.def.innerType._zod.values);
    inst._zod.parse = (payload, ctx) => {
        if (ctx.direction === "backward") {
            return def.innerType._zod.run(payload, ctx);
        }
        // Forward direction (decode): apply catch logic
        const result = def.innerType._zod.run({ value: payload.value, issues: [] }, ctx);
        if (result instanceof Promise) {
            return result.then((result) => handleCatchResult(payload, result, def, ctx));
        }
        return handleCatchResult(payload, result, def, ctx);
    };
});
const $ZodNaN = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodNaN", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, _ctx) => {
        if (typeof payload.value !== "number" || !Number.isNaN(payload.value)) {
            payload.issues.push({
                input: payload.value,
                inst,
                expected: "nan",
                code: "invalid_type",
            });
            return payload;
        }
        return payload;
    };
})));
const $ZodPipe = /*@__PURE__*/ $constructor("$ZodPipe", (inst, def) => {
    $ZodType.init(inst, def);
    defineLazyInternal(inst, "values", (zod) => zod.def.in._zod.values);
    defineLazyInternal(inst, "optin", (zod) => zod.def.in._zod.optin);
    defineLazyInternal(inst, "optout", (zod) => zod.def.out._zod.optout);
    defineLazyInternal(inst, "propValues", (zod) => zod.def.in._zod.propValues);
    inst._zod.parse = (payload, ctx) => {
        if (ctx.direction === "backward") {
            const right = def.out._zod.run(payload, ctx);
            if (right instanceof Promise) {
                return right.then((right) => handlePipeResult(right, def.in, ctx));
            }
            return handlePipeResult(right, def.in, ctx);
        }
        const left = def.in._zod.run(payload, ctx);
        if (left instanceof Promise) {
            return left.then((left) => handlePipeResult(left, def.out, ctx));
        }
        return handlePipeResult(left, def.out, ctx);
    };
});
function handlePipeResult(left, next, ctx) {
    // Any issue stops the pipe, so a failing refinement never feeds its transform. An unrecognized key is the exception: it describes the input's extra properties, not the value being piped, and an enclosing intersection may yet reconcile it.
    if (left.issues.some((iss) => iss.code !== "unrecognized_keys")) {
        // prevent further checks
        left.aborted = true;
        return left;
    }
    return next._zod.run({ value: left.value, issues: left.issues }, ctx);
}
const $ZodCodec = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCodec", (inst, def) => {
    $ZodType.init(inst, def);
    util.defineLazyInternal(inst, "values", (zod) => zod.def.in._zod.values);
    util.defineLazyInternal(inst, "optin", (zod) => zod.def.in._zod.optin);
    util.defineLazyInternal(inst, "optout", (zod) => zod.def.out._zod.optout);
    util.defineLazyInternal(inst, "propValues", (zod) => zod.def.in._zod.propValues);
    inst._zod.parse = (payload, ctx) => {
        const direction = ctx.direction || "forward";
        if (direction === "forward") {
            const left = def.in._zod.run(payload, ctx);
            if (left instanceof Promise) {
                return left.then((left) => handleCodecAResult(left, def, ctx));
            }
            return handleCodecAResult(left, def, ctx);
        }
        else {
            const right = def.out._zod.run(payload, ctx);
            if (right instanceof Promise) {
                return right.then((right) => handleCodecAResult(right, def, ctx));
            }
            return handleCodecAResult(right, def, ctx);
        }
    };
})));
function handleCodecAResult(result, def, ctx) {
    if (result.issues.length) {
        // prevent further checks
        result.aborted = true;
        return result;
    }
    const direction = ctx.direction || "forward";
    if (direction === "forward") {
        const transformed = def.transform(result.value, result);
        if (transformed instanceof Promise) {
            return transformed.then((value) => handleCodecTxResult(result, value, def.out, ctx));
        }
        return handleCodecTxResult(result, transformed, def.out, ctx);
    }
    else {
        const transformed = def.reverseTransform(result.value, result);
        if (transformed instanceof Promise) {
            return transformed.then((value) => handleCodecTxResult(result, value, def.in, ctx));
        }
        return handleCodecTxResult(result, transformed, def.in, ctx);
    }
}
function handleCodecTxResult(left, value, nextSchema, ctx) {
    // Check if transform added any issues
    if (left.issues.length) {
        left.aborted = true;
        return left;
    }
    return nextSchema._zod.run({ value, issues: left.issues }, ctx);
}
const $ZodPreprocess = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodPreprocess", (inst, def) => {
    $ZodPipe.init(inst, def);
})));
const $ZodReadonly = /*@__PURE__*/ $constructor("$ZodReadonly", (inst, def) => {
    $ZodType.init(inst, def);
    defineLazyInternal(inst, "propValues", (zod) => zod.def.innerType._zod.propValues);
    defineLazyInternal(inst, "values", (zod) => zod.def.innerType._zod.values);
    defineLazyInternal(inst, "optin", (zod) => zod.def.innerType?._zod?.optin);
    defineLazyInternal(inst, "optout", (zod) => zod.def.innerType?._zod?.optout);
    inst._zod.parse = (payload, ctx) => {
        if (ctx.direction === "backward") {
            return def.innerType._zod.run(payload, ctx);
        }
        const result = def.innerType._zod.run(payload, ctx);
        if (result instanceof Promise) {
            return result.then(handleReadonlyResult);
        }
        return handleReadonlyResult(result);
    };
});
function handleReadonlyResult(payload) {
    // A repeat visit hands back a node that is still being built; freezing it here would make the rest of its keys fail to assign.
    if (!payload.memo)
        payload.value = Object.freeze(payload.value);
    return payload;
}
// a leaf's pattern source with its own checks folded in: the last pattern-carrying check wins, else length bounds narrow the catch-all, else an integer format narrows the number form. the fold lives here instead of on `_zod.pattern` so a bundle without template literals never pays for it
function leafPattern(schema) {
    const def = schema._zod.def;
    let pattern = def.pattern;
    let isInt = !!def.format?.includes("int");
    let minimum;
    let maximum;
    for (const ch of def.checks ?? []) {
        const d = ch._zod.def;
        if (d.pattern)
            pattern = d.pattern;
        isInt || (isInt = !!d.format?.includes("int"));
        const lo = d.minimum ?? d.length;
        const hi = d.maximum ?? d.length;
        if (lo !== undefined && (minimum === undefined || lo > minimum))
            minimum = lo;
        if (hi !== undefined && (maximum === undefined || hi < maximum))
            maximum = hi;
    }
    if (pattern)
        return pattern.source;
    // an empty range matches nothing at runtime, and `{8,5}` is not a legal quantifier
    if (minimum !== undefined && maximum !== undefined && minimum > maximum)
        return "(?!)";
    if (minimum !== undefined || maximum !== undefined)
        return regexes.string({ minimum, maximum }).source;
    const own = schema._zod.pattern;
    return (isInt && own === regexes.number ? regexes.integer : own)?.source;
}
// a part's pattern source. a wrapper's pattern embeds its inner pattern's source verbatim, so the folded form is substituted in place without knowing the wrapper's own composition; a union's options are joined the way the union builds its own pattern
function partPattern(schema) {
    const def = schema._zod.def;
    const own = schema._zod.pattern?.source;
    // lazy resolves its inner on the internals, not the def
    const inner = def.innerType ?? schema._zod.innerType;
    if (inner) {
        const before = inner._zod.pattern?.source;
        const after = partPattern(inner);
        if (own && before && after && after !== before) {
            return own.replace(util.cleanRegex(before), () => util.cleanRegex(after));
        }
        return own;
    }
    if (def.options) {
        const sources = def.options.map(partPattern);
        if (sources.every(Boolean))
            return `^(${sources.map((s) => util.cleanRegex(s)).join("|")})$`;
    }
    return leafPattern(schema);
}
const $ZodTemplateLiteral = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodTemplateLiteral", (inst, def) => {
    $ZodType.init(inst, def);
    const regexParts = [];
    for (const part of def.parts) {
        if (typeof part === "object" && part !== null) {
            // is Zod schema
            const source = partPattern(part);
            if (!source) {
                throw new Error(`Invalid template literal part, no pattern found: ${[...part._zod.traits].shift()}`);
            }
            regexParts.push(util.cleanRegex(source));
        }
        else if (part === null || util.primitiveTypes.has(typeof part)) {
            regexParts.push(util.escapeRegex(`${part}`));
        }
        else {
            throw new Error(`Invalid template literal part: ${part}`);
        }
    }
    inst._zod.pattern = new RegExp(`^${regexParts.join("")}$`);
    inst._zod.parse = (payload, _ctx) => {
        if (typeof payload.value !== "string") {
            payload.issues.push({
                input: payload.value,
                inst,
                expected: "string",
                code: "invalid_type",
            });
            return payload;
        }
        inst._zod.pattern.lastIndex = 0;
        if (!inst._zod.pattern.test(payload.value)) {
            payload.issues.push({
                input: payload.value,
                inst,
                code: "invalid_format",
                format: def.format ?? "template_literal",
                pattern: inst._zod.pattern.source,
            });
            return payload;
        }
        return payload;
    };
})));
const $ZodFunction = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodFunction", (inst, def) => {
    $ZodType.init(inst, def);
    // Defined, not assigned: the classic prototype exposes `_def` as a getter with no setter.
    Object.defineProperty(inst, "_def", { value: def });
    inst._zod.def = def;
    inst.implement = (func) => {
        if (typeof func !== "function") {
            throw new Error("implement() must be called with a function");
        }
        // Defined inline so the closure stays anonymous: binding it to a `const` first names it, which costs 256 bytes per implemented function.
        return Object.defineProperty(function (...args) {
            const parsedArgs = inst._def.input ? parse(inst._def.input, args) : args;
            const result = Reflect.apply(func, this, parsedArgs);
            if (inst._def.output) {
                return parse(inst._def.output, result);
            }
            return result;
        }, "_zod", { value: inst._zod, enumerable: false });
    };
    inst.implementAsync = (func) => {
        if (typeof func !== "function") {
            throw new Error("implementAsync() must be called with a function");
        }
        return Object.defineProperty(async function (...args) {
            const parsedArgs = inst._def.input ? await parseAsync(inst._def.input, args) : args;
            const result = await Reflect.apply(func, this, parsedArgs);
            if (inst._def.output) {
                return await parseAsync(inst._def.output, result);
            }
            return result;
        }, "_zod", { value: inst._zod, enumerable: false });
    };
    inst._zod.parse = (payload, _ctx) => {
        if (typeof payload.value !== "function") {
            payload.issues.push({
                code: "invalid_type",
                expected: "function",
                input: payload.value,
                inst,
            });
            return payload;
        }
        // Check if output is a promise type to determine if we should use async implementation
        const hasPromiseOutput = inst._def.output && inst._def.output._zod.def.type === "promise";
        if (hasPromiseOutput) {
            payload.value = inst.implementAsync(payload.value);
        }
        else {
            payload.value = inst.implement(payload.value);
        }
        return payload;
    };
    inst.input = (...args) => {
        const F = inst.constructor;
        if (Array.isArray(args[0])) {
            return new F({
                type: "function",
                input: new $ZodTuple({
                    type: "tuple",
                    items: args[0],
                    rest: args[1],
                }),
                output: inst._def.output,
            });
        }
        return new F({
            type: "function",
            input: args[0],
            output: inst._def.output,
        });
    };
    inst.output = (output) => {
        const F = inst.constructor;
        return new F({
            type: "function",
            input: inst._def.input,
            output,
        });
    };
    return inst;
})));
const $ZodPromise = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodPromise", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, ctx) => {
        return Promise.resolve(payload.value).then((inner) => def.innerType._zod.run({ value: inner, issues: [] }, ctx));
    };
})));
const $ZodLazy = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodLazy", (inst, def) => {
    $ZodType.init(inst, def);
    // Cache the resolved inner type on the shared `def` so all clones of this lazy (e.g. via `.describe()`/`.meta()`) share the same inner instance, preserving identity for cycle detection on recursive schemas.
    util.defineLazy(inst._zod, "innerType", () => {
        const d = def;
        if (!d._cachedInner)
            d._cachedInner = def.getter();
        return d._cachedInner;
    });
    util.defineLazyInternal(inst, "pattern", (zod) => zod.innerType?._zod?.pattern);
    util.defineLazyInternal(inst, "propValues", (zod) => zod.innerType?._zod?.propValues);
    util.defineLazyInternal(inst, "optin", (zod) => zod.innerType?._zod?.optin ?? undefined);
    util.defineLazyInternal(inst, "optout", (zod) => zod.innerType?._zod?.optout ?? undefined);
    inst._zod.parse = (payload, ctx) => {
        const inner = inst._zod.innerType;
        return inner._zod.run(payload, ctx);
    };
})));
const $ZodCustom = /*@__PURE__*/ $constructor("$ZodCustom", (inst, def) => {
    $ZodCheck.init(inst, def);
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, _) => {
        return payload;
    };
    inst._zod.check = (payload) => {
        const input = payload.value;
        const r = def.fn(input);
        if (r instanceof Promise) {
            return r.then((r) => handleRefineResult(r, payload, input, inst));
        }
        handleRefineResult(r, payload, input, inst);
        return;
    };
});
function handleRefineResult(result, payload, input, inst) {
    if (!result) {
        const _iss = {
            code: "custom",
            input,
            inst, // incorporates params.error into issue reporting
            path: [...(inst._zod.def.path ?? [])], // incorporates params.error into issue reporting
            continue: !inst._zod.def.abort,
            // params: inst._zod.def.params,
        };
        if (inst._zod.def.params)
            _iss.params = inst._zod.def.params;
        payload.issues.push(util_issue(_iss));
    }
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/registries.js
var registries_a;
const $output = /*@__PURE__*/ (/* unused pure expression or super */ null && (Symbol("ZodOutput")));
const $input = /*@__PURE__*/ (/* unused pure expression or super */ null && (Symbol("ZodInput")));
class $ZodRegistry {
    constructor() {
        this._map = new WeakMap();
        this._idmap = new Map();
    }
    add(schema, ..._meta) {
        const meta = _meta[0];
        this._map.set(schema, meta);
        if (meta && typeof meta === "object" && "id" in meta) {
            this._idmap.set(meta.id, schema);
        }
        return this;
    }
    clear() {
        this._map = new WeakMap();
        this._idmap = new Map();
        return this;
    }
    remove(schema) {
        const meta = this._map.get(schema);
        if (meta && typeof meta === "object" && "id" in meta) {
            this._idmap.delete(meta.id);
        }
        this._map.delete(schema);
        return this;
    }
    get(schema) {
        // return this._map.get(schema) as any;
        // inherit metadata
        const p = schema._zod.parent;
        if (p) {
            const pm = { ...(this.get(p) ?? {}) };
            delete pm.id; // do not inherit id
            const f = { ...pm, ...this._map.get(schema) };
            return Object.keys(f).length ? f : undefined;
        }
        return this._map.get(schema);
    }
    has(schema) {
        return this._map.has(schema);
    }
}
// registries
function registry() {
    return new $ZodRegistry();
}
(registries_a = globalThis).__zod_globalRegistry ?? (registries_a.__zod_globalRegistry = registry());
const globalRegistry = globalThis.__zod_globalRegistry;

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/api.js




function snapshotChecks(def) {
    if (def.checks)
        def.checks = [...def.checks];
    return def;
}
// @__NO_SIDE_EFFECTS__
function _string(Class, params) {
    return new Class(snapshotChecks({ type: "string", ...normalizeParams(params) }));
}
// @__NO_SIDE_EFFECTS__
function _coercedString(Class, params) {
    return new Class(snapshotChecks({ type: "string", coerce: true, ...util.normalizeParams(params) }));
}
// @__NO_SIDE_EFFECTS__
function _email(Class, params) {
    return new Class({
        type: "string",
        format: "email",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _guid(Class, params) {
    return new Class({
        type: "string",
        format: "guid",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _uuid(Class, params) {
    return new Class({
        type: "string",
        format: "uuid",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _uuidv4(Class, params) {
    return new Class({
        type: "string",
        format: "uuid",
        check: "string_format",
        abort: false,
        version: "v4",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _uuidv6(Class, params) {
    return new Class({
        type: "string",
        format: "uuid",
        check: "string_format",
        abort: false,
        version: "v6",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _uuidv7(Class, params) {
    return new Class({
        type: "string",
        format: "uuid",
        check: "string_format",
        abort: false,
        version: "v7",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _url(Class, params) {
    return new Class({
        type: "string",
        format: "url",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function api_emoji(Class, params) {
    return new Class({
        type: "string",
        format: "emoji",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _nanoid(Class, params) {
    return new Class({
        type: "string",
        format: "nanoid",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
/**
 * @deprecated CUID v1 is deprecated by its authors due to information leakage
 * (timestamps embedded in the id). Use {@link _cuid2} instead.
 * See https://github.com/paralleldrive/cuid.
 */
// @__NO_SIDE_EFFECTS__
function _cuid(Class, params) {
    return new Class({
        type: "string",
        format: "cuid",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _cuid2(Class, params) {
    return new Class({
        type: "string",
        format: "cuid2",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _ulid(Class, params) {
    return new Class({
        type: "string",
        format: "ulid",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _xid(Class, params) {
    return new Class({
        type: "string",
        format: "xid",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _ksuid(Class, params) {
    return new Class({
        type: "string",
        format: "ksuid",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _ipv4(Class, params) {
    return new Class({
        type: "string",
        format: "ipv4",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _ipv6(Class, params) {
    return new Class({
        type: "string",
        format: "ipv6",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _mac(Class, params) {
    return new Class({
        type: "string",
        format: "mac",
        check: "string_format",
        abort: false,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _cidrv4(Class, params) {
    return new Class({
        type: "string",
        format: "cidrv4",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _cidrv6(Class, params) {
    return new Class({
        type: "string",
        format: "cidrv6",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _base64(Class, params) {
    return new Class({
        type: "string",
        format: "base64",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _base64url(Class, params) {
    return new Class({
        type: "string",
        format: "base64url",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _e164(Class, params) {
    return new Class({
        type: "string",
        format: "e164",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _creditCard(Class, params) {
    return new Class({
        type: "string",
        format: "credit_card",
        check: "string_format",
        abort: false,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _iban(Class, params) {
    return new Class({
        type: "string",
        format: "iban",
        check: "string_format",
        abort: false,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _jwt(Class, params) {
    return new Class({
        type: "string",
        format: "jwt",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
const TimePrecision = {
    Any: null,
    Minute: -1,
    Second: 0,
    Millisecond: 3,
    Microsecond: 6,
};
// @__NO_SIDE_EFFECTS__
function _isoDateTime(Class, params) {
    return new Class({
        type: "string",
        format: "datetime",
        check: "string_format",
        offset: false,
        local: false,
        precision: null,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _isoDate(Class, params) {
    return new Class({
        type: "string",
        format: "date",
        check: "string_format",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _isoTime(Class, params) {
    return new Class({
        type: "string",
        format: "time",
        check: "string_format",
        precision: null,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _isoDuration(Class, params) {
    return new Class({
        type: "string",
        format: "duration",
        check: "string_format",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _number(Class, params) {
    return new Class(snapshotChecks({ type: "number", checks: [], ...normalizeParams(params) }));
}
// @__NO_SIDE_EFFECTS__
function _coercedNumber(Class, params) {
    return new Class(snapshotChecks({ type: "number", coerce: true, checks: [], ...util.normalizeParams(params) }));
}
// @__NO_SIDE_EFFECTS__
function _int(Class, params) {
    return new Class({
        type: "number",
        check: "number_format",
        abort: false,
        format: "safeint",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _float32(Class, params) {
    return new Class({
        type: "number",
        check: "number_format",
        abort: false,
        format: "float32",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _float64(Class, params) {
    return new Class({
        type: "number",
        check: "number_format",
        abort: false,
        format: "float64",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _int32(Class, params) {
    return new Class({
        type: "number",
        check: "number_format",
        abort: false,
        format: "int32",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _uint32(Class, params) {
    return new Class({
        type: "number",
        check: "number_format",
        abort: false,
        format: "uint32",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _boolean(Class, params) {
    return new Class({
        type: "boolean",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _coercedBoolean(Class, params) {
    return new Class({
        type: "boolean",
        coerce: true,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _bigint(Class, params) {
    return new Class({
        type: "bigint",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _coercedBigint(Class, params) {
    return new Class({
        type: "bigint",
        coerce: true,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _int64(Class, params) {
    return new Class({
        type: "bigint",
        check: "bigint_format",
        abort: false,
        format: "int64",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _uint64(Class, params) {
    return new Class({
        type: "bigint",
        check: "bigint_format",
        abort: false,
        format: "uint64",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _symbol(Class, params) {
    return new Class({
        type: "symbol",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function api_undefined(Class, params) {
    return new Class({
        type: "undefined",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function api_null(Class, params) {
    return new Class({
        type: "null",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _any(Class) {
    return new Class({
        type: "any",
    });
}
// @__NO_SIDE_EFFECTS__
function _unknown(Class) {
    return new Class({
        type: "unknown",
    });
}
// @__NO_SIDE_EFFECTS__
function _never(Class, params) {
    return new Class({
        type: "never",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _void(Class, params) {
    return new Class({
        type: "void",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _date(Class, params) {
    return new Class({
        type: "date",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _coercedDate(Class, params) {
    return new Class({
        type: "date",
        coerce: true,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _nan(Class, params) {
    return new Class({
        type: "nan",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _lt(value, params) {
    return new $ZodCheckLessThan({
        check: "less_than",
        ...normalizeParams(params),
        value,
        inclusive: false,
    });
}
// @__NO_SIDE_EFFECTS__
function _lte(value, params) {
    return new $ZodCheckLessThan({
        check: "less_than",
        ...normalizeParams(params),
        value,
        inclusive: true,
    });
}

// @__NO_SIDE_EFFECTS__
function _gt(value, params) {
    return new $ZodCheckGreaterThan({
        check: "greater_than",
        ...normalizeParams(params),
        value,
        inclusive: false,
    });
}
// @__NO_SIDE_EFFECTS__
function _gte(value, params) {
    return new $ZodCheckGreaterThan({
        check: "greater_than",
        ...normalizeParams(params),
        value,
        inclusive: true,
    });
}

// @__NO_SIDE_EFFECTS__
function _positive(params) {
    return _gt(0, params);
}
// negative
// @__NO_SIDE_EFFECTS__
function _negative(params) {
    return _lt(0, params);
}
// nonpositive
// @__NO_SIDE_EFFECTS__
function _nonpositive(params) {
    return _lte(0, params);
}
// nonnegative
// @__NO_SIDE_EFFECTS__
function _nonnegative(params) {
    return _gte(0, params);
}
// @__NO_SIDE_EFFECTS__
function _multipleOf(value, params) {
    return new $ZodCheckMultipleOf({
        check: "multiple_of",
        ...normalizeParams(params),
        value,
    });
}
// @__NO_SIDE_EFFECTS__
function _maxSize(maximum, params) {
    return new checks.$ZodCheckMaxSize({
        check: "max_size",
        ...util.normalizeParams(params),
        maximum,
    });
}
// @__NO_SIDE_EFFECTS__
function _minSize(minimum, params) {
    return new checks.$ZodCheckMinSize({
        check: "min_size",
        ...util.normalizeParams(params),
        minimum,
    });
}
// @__NO_SIDE_EFFECTS__
function _size(size, params) {
    return new checks.$ZodCheckSizeEquals({
        check: "size_equals",
        ...util.normalizeParams(params),
        size,
    });
}
// @__NO_SIDE_EFFECTS__
function _maxLength(maximum, params) {
    const ch = new $ZodCheckMaxLength({
        check: "max_length",
        ...normalizeParams(params),
        maximum,
    });
    return ch;
}
// @__NO_SIDE_EFFECTS__
function _minLength(minimum, params) {
    return new $ZodCheckMinLength({
        check: "min_length",
        ...normalizeParams(params),
        minimum,
    });
}
// @__NO_SIDE_EFFECTS__
function _length(length, params) {
    return new $ZodCheckLengthEquals({
        check: "length_equals",
        ...normalizeParams(params),
        length,
    });
}
// @__NO_SIDE_EFFECTS__
function _regex(pattern, params) {
    return new $ZodCheckRegex({
        check: "string_format",
        format: "regex",
        ...normalizeParams(params),
        pattern,
    });
}
// @__NO_SIDE_EFFECTS__
function _lowercase(params) {
    return new $ZodCheckLowerCase({
        check: "string_format",
        format: "lowercase",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _uppercase(params) {
    return new $ZodCheckUpperCase({
        check: "string_format",
        format: "uppercase",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _includes(includes, params) {
    return new $ZodCheckIncludes({
        check: "string_format",
        format: "includes",
        ...normalizeParams(params),
        includes,
    });
}
// @__NO_SIDE_EFFECTS__
function _startsWith(prefix, params) {
    return new $ZodCheckStartsWith({
        check: "string_format",
        format: "starts_with",
        ...normalizeParams(params),
        prefix,
    });
}
// @__NO_SIDE_EFFECTS__
function _endsWith(suffix, params) {
    return new $ZodCheckEndsWith({
        check: "string_format",
        format: "ends_with",
        ...normalizeParams(params),
        suffix,
    });
}
// @__NO_SIDE_EFFECTS__
function _property(property, schema, params) {
    return new checks.$ZodCheckProperty({
        check: "property",
        property,
        schema,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _properties(shape, params) {
    return new $ZodCheckProperties({
        check: "properties",
        shape,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _mime(types, params) {
    return new checks.$ZodCheckMimeType({
        check: "mime_type",
        mime: types,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _overwrite(tx) {
    return new $ZodCheckOverwrite({
        check: "overwrite",
        tx,
    });
}
// normalize
// @__NO_SIDE_EFFECTS__
function _normalize(form) {
    return _overwrite((input) => input.normalize(form));
}
// trim
// @__NO_SIDE_EFFECTS__
function _trim() {
    return _overwrite((input) => input.trim());
}
// toLowerCase
// @__NO_SIDE_EFFECTS__
function _toLowerCase() {
    return _overwrite((input) => input.toLowerCase());
}
// toUpperCase
// @__NO_SIDE_EFFECTS__
function _toUpperCase() {
    return _overwrite((input) => input.toUpperCase());
}
// slugify
// @__NO_SIDE_EFFECTS__
function _slugify() {
    return _overwrite((input) => slugify(input));
}
// @__NO_SIDE_EFFECTS__
function _array(Class, element, params) {
    return new Class({
        type: "array",
        element,
        // get element() {
        //   return element;
        // },
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _union(Class, options, params) {
    return new Class({
        type: "union",
        options,
        ...util.normalizeParams(params),
    });
}
function _xor(Class, options, params) {
    return new Class({
        type: "union",
        options,
        inclusive: false,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _discriminatedUnion(Class, discriminator, options, params) {
    return new Class({
        type: "union",
        options: options,
        discriminator,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _intersection(Class, left, right) {
    return new Class({
        type: "intersection",
        left,
        right,
    });
}
// export function _tuple(
//   Class: util.SchemaClass<schemas.$ZodTuple>,
//   items: [],
//   params?: string | $ZodTupleParams
// ): schemas.$ZodTuple<[], null>;
// @__NO_SIDE_EFFECTS__
function _tuple(Class, items, _paramsOrRest, _params) {
    const hasRest = _paramsOrRest instanceof schemas.$ZodType;
    const params = hasRest ? _params : _paramsOrRest;
    const rest = hasRest ? _paramsOrRest : null;
    return new Class({
        type: "tuple",
        items,
        rest,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _record(Class, keyType, valueType, params) {
    return new Class({
        type: "record",
        keyType,
        valueType,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _map(Class, keyType, valueType, params) {
    return new Class({
        type: "map",
        keyType,
        valueType,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _set(Class, valueType, params) {
    return new Class({
        type: "set",
        valueType,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _enum(Class, values, params) {
    const entries = Array.isArray(values) ? Object.fromEntries(values.map((v) => [v, v])) : values;
    // if (Array.isArray(values)) {
    //   for (const value of values) {
    //     entries[value] = value;
    //   }
    // } else {
    //   Object.assign(entries, values);
    // }
    // const entries: util.EnumLike = {};
    // for (const val of values) {
    //   entries[val] = val;
    // }
    return new Class({
        type: "enum",
        entries,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
/** @deprecated This API has been merged into `z.enum()`. Use `z.enum()` instead.
 *
 * ```ts
 * enum Colors { red, green, blue }
 * z.enum(Colors);
 * ```
 */
function _nativeEnum(Class, entries, params) {
    return new Class({
        type: "enum",
        entries,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _literal(Class, value, params) {
    return new Class({
        type: "literal",
        values: Array.isArray(value) ? value : [value],
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _file(Class, params) {
    return new Class({
        type: "file",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _transform(Class, fn) {
    return new Class({
        type: "transform",
        transform: fn,
    });
}
// @__NO_SIDE_EFFECTS__
function _optional(Class, innerType) {
    return new Class({
        type: "optional",
        innerType,
    });
}
// @__NO_SIDE_EFFECTS__
function _nullable(Class, innerType) {
    return new Class({
        type: "nullable",
        innerType,
    });
}
// @__NO_SIDE_EFFECTS__
function _default(Class, innerType, defaultValue) {
    return new Class({
        type: "default",
        innerType,
        get defaultValue() {
            return typeof defaultValue === "function" ? defaultValue() : util.shallowClone(defaultValue);
        },
    });
}
// @__NO_SIDE_EFFECTS__
function _nonoptional(Class, innerType, params) {
    return new Class({
        type: "nonoptional",
        innerType,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _success(Class, innerType) {
    return new Class({
        type: "success",
        innerType,
    });
}
// @__NO_SIDE_EFFECTS__
function _catch(Class, innerType, catchValue) {
    return new Class({
        type: "catch",
        innerType,
        catchValue: (typeof catchValue === "function" ? catchValue : util.constantCatch(catchValue)),
    });
}
// @__NO_SIDE_EFFECTS__
function _pipe(Class, in_, out) {
    return new Class({
        type: "pipe",
        in: in_,
        out,
    });
}
// @__NO_SIDE_EFFECTS__
function _readonly(Class, innerType) {
    return new Class({
        type: "readonly",
        innerType,
    });
}
// @__NO_SIDE_EFFECTS__
function _templateLiteral(Class, parts, params) {
    return new Class({
        type: "template_literal",
        parts,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _lazy(Class, getter) {
    return new Class({
        type: "lazy",
        getter,
    });
}
// @__NO_SIDE_EFFECTS__
function _promise(Class, innerType) {
    return new Class({
        type: "promise",
        innerType,
    });
}
// @__NO_SIDE_EFFECTS__
function _custom(Class, fn, _params) {
    const norm = util.normalizeParams(_params);
    norm.abort ?? (norm.abort = true); // default to abort:false
    const schema = new Class({
        type: "custom",
        check: "custom",
        fn: fn,
        ...norm,
    });
    return schema;
}
// same as _custom but defaults to abort:false
// @__NO_SIDE_EFFECTS__
function _refine(Class, fn, _params) {
    const schema = new Class({
        type: "custom",
        check: "custom",
        fn: fn,
        ...normalizeParams(_params),
    });
    return schema;
}
// @__NO_SIDE_EFFECTS__
function _superRefine(fn, params) {
    const ch = _check((payload) => {
        payload.addIssue = (issue) => {
            if (typeof issue === "string") {
                payload.issues.push(util_issue(issue, payload.value, ch._zod.def));
            }
            else {
                // for Zod 3 backwards compatibility
                const _issue = issue;
                if (_issue.fatal)
                    _issue.continue = false;
                _issue.code ?? (_issue.code = "custom");
                if (!("input" in _issue))
                    _issue.input = payload.value;
                _issue.inst ?? (_issue.inst = ch);
                _issue.continue ?? (_issue.continue = !ch._zod.def.abort); // abort is always undefined, so this is always true...
                payload.issues.push(util_issue(_issue));
            }
        };
        return fn(payload.value, payload);
    }, params);
    return ch;
}
// @__NO_SIDE_EFFECTS__
function _check(fn, params) {
    const ch = new $ZodCheck({
        check: "custom",
        ...normalizeParams(params),
    });
    ch._zod.check = fn;
    return ch;
}
// @__NO_SIDE_EFFECTS__
function describe(description) {
    const ch = new $ZodCheck({ check: "describe" });
    ch._zod.onattach = [
        (inst) => {
            const existing = globalRegistry.get(inst) ?? {};
            globalRegistry.add(inst, { ...existing, description });
        },
    ];
    ch._zod.check = () => { }; // no-op check
    return ch;
}
// @__NO_SIDE_EFFECTS__
function meta(metadata) {
    const ch = new $ZodCheck({ check: "meta" });
    ch._zod.onattach = [
        (inst) => {
            const existing = globalRegistry.get(inst) ?? {};
            globalRegistry.add(inst, { ...existing, ...metadata });
        },
    ];
    ch._zod.check = () => { }; // no-op check
    return ch;
}
// @__NO_SIDE_EFFECTS__
function _stringbool(Classes, _params) {
    const params = util.normalizeParams(_params);
    let truthyArray = params.truthy ?? ["true", "1", "yes", "on", "y", "enabled"];
    let falsyArray = params.falsy ?? ["false", "0", "no", "off", "n", "disabled"];
    if (params.case !== "sensitive") {
        truthyArray = truthyArray.map((v) => (typeof v === "string" ? v.toLowerCase() : v));
        falsyArray = falsyArray.map((v) => (typeof v === "string" ? v.toLowerCase() : v));
    }
    const truthySet = new Set(truthyArray);
    const falsySet = new Set(falsyArray);
    const _Codec = Classes.Codec ?? schemas.$ZodCodec;
    const _Boolean = Classes.Boolean ?? schemas.$ZodBoolean;
    const _String = Classes.String ?? schemas.$ZodString;
    const stringSchema = new _String({ type: "string", error: params.error });
    const booleanSchema = new _Boolean({ type: "boolean", error: params.error });
    const codec = new _Codec({
        type: "pipe",
        in: stringSchema,
        out: booleanSchema,
        transform: ((input, payload) => {
            let data = input;
            if (params.case !== "sensitive")
                data = data.toLowerCase();
            if (truthySet.has(data)) {
                return true;
            }
            else if (falsySet.has(data)) {
                return false;
            }
            else {
                payload.issues.push({
                    code: "invalid_value",
                    expected: "stringbool",
                    values: [...truthySet, ...falsySet],
                    input: payload.value,
                    inst: codec,
                    continue: false,
                });
                return {};
            }
        }),
        reverseTransform: ((input, _payload) => {
            if (input === true) {
                return truthyArray[0] || "true";
            }
            else {
                return falsyArray[0] || "false";
            }
        }),
        error: params.error,
    });
    codec._zod.bag.truthy = truthyArray;
    codec._zod.bag.falsy = falsyArray;
    codec._zod.bag.case = params.case ?? "insensitive";
    return codec;
}
// @__NO_SIDE_EFFECTS__
function _stringFormat(Class, format, fnOrRegex, _params = {}) {
    const params = util.normalizeParams(_params);
    const def = {
        check: "string_format",
        type: "string",
        format,
        fn: typeof fnOrRegex === "function" ? fnOrRegex : (val) => fnOrRegex.test(val),
        ...params,
    };
    if (fnOrRegex instanceof RegExp) {
        def.pattern = fnOrRegex;
    }
    const inst = new Class(def);
    return inst;
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/to-json-schema.js


function assignProps(target, ...sources) {
    for (const source of sources) {
        for (const key of Reflect.ownKeys(source)) {
            if (Object.prototype.propertyIsEnumerable.call(source, key)) {
                util_assignProp(target, key, source[key]);
            }
        }
    }
    return target;
}
// function initializeContext<T extends schemas.$ZodType>(inputs: JSONSchemaGeneratorParams<T>): ToJSONSchemaContext<T> {
//   return {
//     processor: inputs.processor,
//     metadataRegistry: inputs.metadata ?? globalRegistry,
//     target: inputs.target ?? "draft-2020-12",
//     unrepresentable: inputs.unrepresentable ?? "throw",
//   };
// }
function to_json_schema_initializeContext(params) {
    // Normalize target: convert old non-hyphenated versions to hyphenated versions
    let target = params?.target ?? "draft-2020-12";
    if (target === "draft-4")
        target = "draft-04";
    if (target === "draft-7")
        target = "draft-07";
    return {
        processors: params.processors ?? {},
        metadataRegistry: params?.metadata ?? globalRegistry,
        target,
        unrepresentable: params?.unrepresentable ?? "throw",
        override: params?.override ?? (() => { }),
        io: params?.io ?? "output",
        counter: 0,
        seen: new Map(),
        sharedDefsExtractedFor: undefined,
        sharedEmitDoneFor: undefined,
        cycles: params?.cycles ?? "ref",
        reused: params?.reused ?? "inline",
        intersections: [],
        deferred: [],
        external: params?.external ?? undefined,
    };
}
/**
 * Applies the `unrepresentable` setting at a site that has no JSON Schema equivalent. Throws
 * `message` unless the setting (or the handler's return value) says otherwise. Returns `true` if a
 * custom JSON Schema was written into `json`, in which case the caller must not write its own.
 */
function handleUnrepresentable(schema, ctx, json, params, message) {
    const result = typeof ctx.unrepresentable === "function"
        ? ctx.unrepresentable({ zodSchema: schema, path: params.path, message })
        : ctx.unrepresentable;
    if (result === "any")
        return false;
    if (result === undefined || result === "throw")
        throw new Error(message);
    Object.assign(json, result);
    return true;
}
// never rename this back to `process`: bundler polyfills inject a top-level `const process` that a lexical declaration of the same name collides with (#6397)
function to_json_schema_processSchema(schema, ctx, _params = { path: [], schemaPath: [] }) {
    var _a;
    const def = schema._zod.def;
    // check for schema in seens
    const seen = ctx.seen.get(schema);
    if (seen) {
        seen.count++;
        // check if cycle
        const isCycle = _params.schemaPath.includes(schema);
        if (isCycle) {
            seen.cycle = _params.path;
        }
        return seen.schema;
    }
    // initialize
    const result = { schema: {}, count: 1, cycle: undefined, path: _params.path };
    ctx.seen.set(schema, result);
    ctx.sharedDefsExtractedFor = undefined;
    ctx.sharedEmitDoneFor = undefined;
    // custom method overrides default behavior
    const overrideSchema = schema._zod.toJSONSchema?.();
    if (overrideSchema) {
        result.schema = overrideSchema;
    }
    else {
        const params = {
            ..._params,
            schemaPath: [..._params.schemaPath, schema],
            path: _params.path,
        };
        if (schema._zod.processJSONSchema) {
            schema._zod.processJSONSchema(ctx, result.schema, params);
        }
        else {
            const _json = result.schema;
            const processor = ctx.processors[def.type];
            if (!processor) {
                throw new Error(`[toJSONSchema]: Non-representable type encountered: ${def.type}`);
            }
            processor(schema, ctx, _json, params);
        }
        const parent = schema._zod.parent;
        if (parent) {
            // Also set ref if processor didn't (for inheritance)
            if (!result.ref)
                result.ref = parent;
            to_json_schema_processSchema(parent, ctx, params);
            ctx.seen.get(parent).isParent = true;
        }
    }
    // metadata
    const meta = ctx.metadataRegistry.get(schema);
    if (meta)
        assignProps(result.schema, meta);
    if (ctx.io === "input" && isTransforming(schema)) {
        // examples/defaults only apply to output type of pipe
        delete result.schema.examples;
        delete result.schema.default;
    }
    // set prefault as default
    if (ctx.io === "input" && "_prefault" in result.schema)
        (_a = result.schema).default ?? (_a.default = result.schema._prefault);
    delete result.schema._prefault;
    // pulling fresh from ctx.seen in case it was overwritten
    const _result = ctx.seen.get(schema);
    return _result.schema;
}
/** @deprecated Renamed to `processSchema`. An export alias declares no binding, so it is safe to keep. */

// Escape a reference token for use in a JSON Pointer fragment (RFC 6901): `~` becomes `~0` and `/` becomes `~1`. The `~` replacement must run first.
function encodeJSONPointerSegment(segment) {
    return segment.replace(/~/g, "~0").replace(/\//g, "~1");
}
function to_json_schema_extractDefs(ctx, schema
// params: EmitParams
) {
    // iterate over seen map;
    const root = ctx.seen.get(schema);
    if (!root)
        throw new Error("Unprocessed schema. This is a bug in Zod.");
    // With `external` set, every registered schema resolves through the external branch of `makeURI`, so the root branch below produces the same ref the external branch would — this pass is identical whichever schema it is called with, and only needs to run once.
    if (ctx.external && ctx.sharedDefsExtractedFor === ctx.external)
        return;
    // Track ids to detect duplicates across different schemas
    const idToSchema = new Map();
    for (const entry of ctx.seen.entries()) {
        const id = ctx.metadataRegistry.get(entry[0])?.id;
        if (id) {
            const existing = idToSchema.get(id);
            if (existing && existing !== entry[0]) {
                throw new Error(`Duplicate schema id "${id}" detected during JSON Schema conversion. Two different schemas cannot share the same id when converted together.`);
            }
            idToSchema.set(id, entry[0]);
        }
    }
    // returns a ref to the schema defId will be empty if the ref points to an external schema (or #)
    const makeURI = (entry) => {
        // comparing the seen objects because sometimes multiple schemas map to the same seen object. e.g. lazy
        // external is configured
        const defsSegment = ctx.target === "draft-2020-12" ? "$defs" : "definitions";
        if (ctx.external) {
            const externalId = ctx.external.registry.get(entry[0])?.id; // ?? "__shared";// `__schema${ctx.counter++}`;
            // check if schema is in the external registry
            const uriGenerator = ctx.external.uri ?? ((id) => id);
            if (externalId) {
                return { ref: uriGenerator(externalId) };
            }
            // otherwise, add to __shared
            const id = entry[1].defId ?? entry[1].schema.id ?? `schema${ctx.counter++}`;
            entry[1].defId = id; // set defId so it will be reused if needed
            return { defId: id, ref: `${uriGenerator("__shared")}#/${defsSegment}/${encodeJSONPointerSegment(id)}` };
        }
        const uriPrefix = `#`;
        const defUriPrefix = `${uriPrefix}/${defsSegment}/`;
        // an id-less root has nowhere to be extracted to, so it stays inline and self-references as `#`
        if (entry[1] === root && !entry[1].schema.id) {
            return { ref: uriPrefix };
        }
        // self-contained schema
        const defId = entry[1].schema.id ?? `__schema${ctx.counter++}`;
        return { defId, ref: defUriPrefix + encodeJSONPointerSegment(defId) };
    };
    // stored cached version in `def` property remove all properties, set $ref
    const extractToDef = (entry) => {
        // if the schema is already a reference, do not extract it
        if (entry[1].schema.$ref) {
            return;
        }
        const seen = entry[1];
        const { ref, defId } = makeURI(entry);
        seen.def = { ...seen.schema };
        // defId won't be set if the schema is a reference to an external schema or if the schema is the root schema
        if (defId)
            seen.defId = defId;
        // wipe away all properties except $ref
        const schema = seen.schema;
        for (const key in schema) {
            delete schema[key];
        }
        schema.$ref = ref;
    };
    // throw on cycles
    // break cycles
    if (ctx.cycles === "throw") {
        for (const entry of ctx.seen.entries()) {
            const seen = entry[1];
            if (seen.cycle) {
                throw new Error("Cycle detected: " +
                    `#/${seen.cycle?.join("/")}/<root>` +
                    '\n\nSet the `cycles` parameter to `"ref"` to resolve cyclical schemas with defs.');
            }
        }
    }
    // extract schemas into $defs
    for (const entry of ctx.seen.entries()) {
        const seen = entry[1];
        // convert root schema to # $ref
        if (schema === entry[0]) {
            extractToDef(entry); // this has special handling for the root schema
            continue;
        }
        // extract schemas that are in the external registry
        if (ctx.external) {
            const ext = ctx.external.registry.get(entry[0])?.id;
            if (schema !== entry[0] && ext) {
                extractToDef(entry);
                continue;
            }
        }
        // extract schemas with `id` meta
        const id = ctx.metadataRegistry.get(entry[0])?.id;
        if (id) {
            extractToDef(entry);
            continue;
        }
        // break cycles
        if (seen.cycle) {
            // any
            extractToDef(entry);
            continue;
        }
        // extract reused schemas
        if (seen.count > 1) {
            if (ctx.reused === "ref") {
                extractToDef(entry);
            }
        }
    }
    if (ctx.external)
        ctx.sharedDefsExtractedFor = ctx.external;
}
/** Rewrites `anyOf: [{type: "a"}, {type: "b"}]` to `type: ["a", "b"]`, which every JSON Schema draft treats as equivalent and most consumers render far better for the nullable case. Only branches that are a bare type assertion qualify — anything carrying a constraint, `$ref`, `const` or metadata is left alone. Runs after `flattenRef`, so a branch an override decorated or `$defs` extraction turned into a `$ref` is no longer bare and correctly stays in `anyOf`. `oneOf` is excluded: `integer` and `number` overlap, so "exactly one" and "at least one" are not the same there. OpenAPI 3.0 is excluded: its `type` must be a single string. */
function compactTypeUnion(schema) {
    const options = schema.anyOf;
    if (!Array.isArray(options) || options.length === 0 || schema.type !== undefined)
        return;
    const types = [];
    for (const option of options) {
        if (!option || typeof option !== "object")
            return;
        // A branch that is itself a compactible union folds into this one — nested `anyOf` and a flat `type` array say the same thing. Compacting it first also makes the result independent of the order this pass walks the seen map in.
        compactTypeUnion(option);
        const keys = Object.keys(option);
        if (keys.length !== 1 || keys[0] !== "type")
            return;
        const type = option.type;
        for (const member of Array.isArray(type) ? type : [type]) {
            if (typeof member !== "string")
                return;
            if (!types.includes(member))
                types.push(member);
        }
    }
    delete schema.anyOf;
    // A `type` array must be non-empty and unique (metaschema); a single member is spelled as a bare string.
    schema.type = types.length === 1 ? types[0] : types;
}
/** Keywords `foldIntersection` knows how to combine. Anything else — `$ref`, `patternProperties`,
 * an annotation like `description` — makes a member unfoldable, so a constraint this does not
 * understand leaves the `allOf` alone instead of being silently dropped or misattributed. */
const FOLDABLE_KEYS = new Set(["type", "properties", "required", "additionalProperties"]);
const UNION_KEYS = ["oneOf", "anyOf"];
/** A member's constraint on a key it does not declare itself. A `catchall` states one; `false`, an absent `additionalProperties`, and the empty schema a loose object emits state nothing. */
function undeclaredConstraint(member) {
    const extra = member.additionalProperties;
    if (extra === undefined || extra === false || typeof extra !== "object" || extra === null)
        return null;
    return Object.keys(extra).length ? extra : null;
}
/** Combines object members into the single object they describe together, or returns `null` if any of them carries a keyword outside {@link FOLDABLE_KEYS}. */
function foldObjects(members) {
    const objects = [];
    for (const member of members) {
        // A boolean subschema is legal JSON Schema and carries no keywords to fold.
        if (typeof member !== "object" || member.type !== "object")
            return null;
        for (const key in member) {
            if (!FOLDABLE_KEYS.has(key))
                return null;
        }
        objects.push(member);
    }
    const properties = {};
    const required = new Set();
    for (const object of objects) {
        for (const key in object.properties) {
            // `in` would report a `__proto__` key as already present via the prototype chain and skip it.
            if (Object.prototype.hasOwnProperty.call(properties, key))
                continue;
            // Every member constrains this key: the ones that declare it say how, and a `catchall` member constrains it too even though it does not name it. The key has to satisfy all of them, which is the same intersection one level down.
            const parts = [];
            for (const other of objects) {
                const part = other.properties?.[key] ?? undeclaredConstraint(other);
                if (part === null || part === undefined)
                    continue;
                if (!parts.some((seen) => JSON.stringify(seen) === JSON.stringify(part)))
                    parts.push(part);
            }
            const merged = parts.length === 1
                ? parts[0]
                : (foldObjects(parts) ?? { allOf: parts });
            util_assignProp(properties, key, merged);
        }
        for (const key of object.required ?? [])
            required.add(key);
    }
    const folded = { type: "object", properties };
    if (required.size)
        folded.required = [...required];
    // A key no member declares is rejected only when every member rejects it, so the fold is closed only when every member is. Otherwise it carries whatever the `catchall` members demand of such a key.
    if (objects.every((object) => object.additionalProperties === false)) {
        folded.additionalProperties = false;
    }
    else {
        const constraints = [];
        for (const object of objects) {
            const constraint = undeclaredConstraint(object);
            if (constraint && !constraints.some((seen) => JSON.stringify(seen) === JSON.stringify(constraint)))
                constraints.push(constraint);
        }
        if (constraints.length === 1)
            folded.additionalProperties = constraints[0];
        else if (constraints.length > 1)
            folded.additionalProperties = { allOf: constraints };
    }
    return folded;
}
/** `additionalProperties` in an `allOf` member sees only that member's own `properties`, so two
 * closed object members reject each other's keys and the schema validates nothing. Zod's parser
 * pools the key sets instead — `handleIntersectionResults` reports a key as unrecognized only when
 * *every* side rejects it — so the emitted schema has to pool them too, and folding the members
 * into one object is the encoding that says so on every target.
 *
 * This runs from `finalize`, after `extractDefs`, which is what keeps it clear of the `$ref`
 * machinery: a member extracted into `$defs` is already a `$ref` by now and declines to fold, so it
 * keeps its reference and its own closedness rather than being inlined as a stale copy. */
function foldIntersection(json) {
    const allOf = json.allOf;
    if (!Array.isArray(allOf) || allOf.length < 2)
        return;
    // An `override` runs before this pass and may have written object keywords onto the intersection itself. Those are deliberate, so decline rather than overwrite them.
    for (const key of FOLDABLE_KEYS)
        if (key in json)
            return;
    // An intersection distributes over a union: `A & (X | Y)` is `(A & X) | (A & Y)`. Only the first union is distributed over; a second one stays among the members every branch folds against, where it fails the object check and declines the whole intersection rather than multiplying out.
    const unions = allOf.filter((m) => UNION_KEYS.some((k) => Array.isArray(m[k])));
    let folded = null;
    if (!unions.length) {
        folded = foldObjects(allOf);
    }
    else {
        const union = unions[0];
        const keyword = UNION_KEYS.find((k) => Array.isArray(union[k]));
        if (Object.keys(union).length !== 1)
            return;
        const rest = allOf.filter((m) => m !== union);
        const branches = union[keyword].map((branch) => foldObjects([...rest, branch]));
        if (branches.some((b) => !b))
            return;
        folded = { [keyword]: branches };
    }
    if (!folded)
        return;
    delete json.allOf;
    assignProps(json, folded);
}
function to_json_schema_finalize(ctx, schema) {
    const root = ctx.seen.get(schema);
    if (!root)
        throw new Error("Unprocessed schema. This is a bug in Zod.");
    // flatten refs - inherit properties from parent schemas
    const flattenRef = (zodSchema) => {
        const seen = ctx.seen.get(zodSchema);
        // already processed
        if (seen.ref === null)
            return;
        const schema = seen.def ?? seen.schema;
        const _cached = { ...schema };
        const ref = seen.ref;
        seen.ref = null; // prevent infinite recursion
        if (ref) {
            flattenRef(ref);
            const refSeen = ctx.seen.get(ref);
            const refSchema = refSeen.schema;
            // merge referenced schema into current
            if (refSchema.$ref && (ctx.target === "draft-07" || ctx.target === "draft-04" || ctx.target === "openapi-3.0")) {
                // older drafts can't combine $ref with other properties
                schema.allOf = schema.allOf ?? [];
                schema.allOf.push(refSchema);
            }
            else {
                assignProps(schema, refSchema);
            }
            // restore child's own properties (child wins)
            assignProps(schema, _cached);
            const isParentRef = zodSchema._zod.parent === ref;
            // For parent chain, child is a refinement - remove parent-only properties
            if (isParentRef) {
                for (const key in schema) {
                    if (key === "$ref" || key === "allOf")
                        continue;
                    if (!(key in _cached)) {
                        delete schema[key];
                    }
                }
            }
            // When ref was extracted to $defs, remove properties that match the definition
            if (refSchema.$ref && refSeen.def) {
                for (const key in schema) {
                    if (key === "$ref" || key === "allOf")
                        continue;
                    if (key in refSeen.def && JSON.stringify(schema[key]) === JSON.stringify(refSeen.def[key])) {
                        delete schema[key];
                    }
                }
            }
        }
        // If parent was extracted (has $ref), propagate $ref to this schema. This handles cases like: readonly().meta({id}).describe() where processor sets ref to innerType but parent should be referenced
        const parent = zodSchema._zod.parent;
        if (parent && parent !== ref) {
            // Ensure parent is processed first so its def has inherited properties
            flattenRef(parent);
            const parentSeen = ctx.seen.get(parent);
            if (parentSeen?.schema.$ref) {
                schema.$ref = parentSeen.schema.$ref;
                // De-duplicate with parent's definition
                if (parentSeen.def) {
                    for (const key in schema) {
                        if (key === "$ref" || key === "allOf")
                            continue;
                        if (key in parentSeen.def && JSON.stringify(schema[key]) === JSON.stringify(parentSeen.def[key])) {
                            delete schema[key];
                        }
                    }
                }
            }
        }
        // execute overrides
        ctx.override({
            zodSchema: zodSchema,
            jsonSchema: schema,
            path: seen.path ?? [],
        });
    };
    // Flattening walks the whole map and clears each `ref` as it goes, so a second call over the same map is a no-op scan. Skip it outright once it has run for a registry conversion.
    if (!ctx.external || ctx.sharedEmitDoneFor !== ctx.external) {
        for (const entry of [...ctx.seen.entries()].reverse()) {
            flattenRef(entry[0]);
        }
        if (ctx.target !== "openapi-3.0") {
            for (const entry of ctx.seen.entries()) {
                compactTypeUnion(entry[1].def ?? entry[1].schema);
            }
        }
        for (const rewrite of ctx.deferred)
            rewrite();
        // After flattening, every member that was extracted is a `$ref`, so the fold sees the final shape. A schema that inherits an intersection — through `z.lazy`, or any `ref` chain — holds the same `allOf` array, so fold by array identity to catch every copy.
        if (ctx.intersections.length) {
            const carriers = new Map();
            for (const seen of ctx.seen.values()) {
                for (const json of [seen.schema, seen.def]) {
                    const allOf = json?.allOf;
                    if (!Array.isArray(allOf))
                        continue;
                    const existing = carriers.get(allOf);
                    if (existing)
                        existing.push(json);
                    else
                        carriers.set(allOf, [json]);
                }
            }
            for (const allOf of ctx.intersections) {
                for (const json of carriers.get(allOf) ?? [])
                    foldIntersection(json);
            }
        }
    }
    const result = {};
    if (ctx.target === "draft-2020-12") {
        result.$schema = "https://json-schema.org/draft/2020-12/schema";
    }
    else if (ctx.target === "draft-07") {
        result.$schema = "http://json-schema.org/draft-07/schema#";
    }
    else if (ctx.target === "draft-04") {
        result.$schema = "http://json-schema.org/draft-04/schema#";
    }
    else if (ctx.target === "openapi-3.0") {
        // OpenAPI 3.0 schema objects should not include a $schema property
    }
    else {
        // Arbitrary string values are allowed but won't have a $schema property set
    }
    if (ctx.external?.uri) {
        const id = ctx.external.registry.get(schema)?.id;
        if (!id)
            throw new Error("Schema is missing an `id` property");
        result.$id = ctx.external.uri(id);
    }
    // when the root was extracted into $defs, `root.schema` is the `$ref` wrapper and `root.def` is the body that now lives under $defs
    assignProps(result, root.defId ? root.schema : (root.def ?? root.schema));
    // The `id` in `.meta()` is a Zod-specific registration tag used to extract schemas into $defs — it is not user-facing JSON Schema metadata. Strip it from the output body where it would otherwise leak. The id is preserved implicitly via the $defs key (and via $ref paths).
    const rootMetaId = ctx.metadataRegistry.get(schema)?.id;
    if (rootMetaId !== undefined && result.id === rootMetaId)
        delete result.id;
    // build defs object. With `external`, `defs` is the shared object every schema writes into, so the same entries are reassigned on every call. Without it, `defs` is fresh per call and must be rebuilt.
    const defs = ctx.external?.defs ?? {};
    if (!ctx.external || ctx.sharedEmitDoneFor !== ctx.external) {
        for (const entry of ctx.seen.entries()) {
            const seen = entry[1];
            if (seen.def && seen.defId) {
                if (seen.def.id === seen.defId)
                    delete seen.def.id;
                util_assignProp(defs, seen.defId, seen.def);
            }
        }
    }
    if (ctx.external)
        ctx.sharedEmitDoneFor = ctx.external;
    // set definitions in result
    if (ctx.external) {
    }
    else {
        if (Object.keys(defs).length > 0) {
            if (ctx.target === "draft-2020-12") {
                result.$defs = defs;
            }
            else {
                result.definitions = defs;
            }
        }
    }
    try {
        // this "finalizes" this schema and ensures all cycles are removed each call to finalize() is functionally independent though the seen map is shared
        const finalized = JSON.parse(JSON.stringify(result));
        Object.defineProperty(finalized, "~standard", {
            value: {
                ...schema["~standard"],
                jsonSchema: {
                    input: createStandardJSONSchemaMethod(schema, "input", ctx.processors),
                    output: createStandardJSONSchemaMethod(schema, "output", ctx.processors),
                },
            },
            enumerable: false,
            writable: false,
        });
        return finalized;
    }
    catch (_err) {
        throw new Error("Error converting schema to JSON.");
    }
}
function isTransforming(_schema, _ctx) {
    const ctx = _ctx ?? { seen: new Set() };
    if (ctx.seen.has(_schema))
        return false;
    ctx.seen.add(_schema);
    const def = _schema._zod.def;
    if (def.type === "transform")
        return true;
    if (def.type === "array")
        return isTransforming(def.element, ctx);
    if (def.type === "set")
        return isTransforming(def.valueType, ctx);
    if (def.type === "lazy")
        return isTransforming(def.getter(), ctx);
    if (def.type === "promise" ||
        def.type === "optional" ||
        def.type === "nonoptional" ||
        def.type === "nullable" ||
        def.type === "readonly" ||
        def.type === "default" ||
        def.type === "prefault" ||
        def.type === "catch") {
        return isTransforming(def.innerType, ctx);
    }
    if (def.type === "intersection") {
        return isTransforming(def.left, ctx) || isTransforming(def.right, ctx);
    }
    if (def.type === "record" || def.type === "map") {
        return isTransforming(def.keyType, ctx) || isTransforming(def.valueType, ctx);
    }
    if (def.type === "pipe") {
        if (_schema._zod.traits.has("$ZodCodec"))
            return true;
        return isTransforming(def.in, ctx) || isTransforming(def.out, ctx);
    }
    if (def.type === "object") {
        for (const key in def.shape) {
            if (isTransforming(def.shape[key], ctx))
                return true;
        }
        return false;
    }
    if (def.type === "union") {
        for (const option of def.options) {
            if (isTransforming(option, ctx))
                return true;
        }
        return false;
    }
    if (def.type === "tuple") {
        for (const item of def.items) {
            if (isTransforming(item, ctx))
                return true;
        }
        if (def.rest && isTransforming(def.rest, ctx))
            return true;
        return false;
    }
    return false;
}
/**
 * Creates a toJSONSchema method for a schema instance.
 * This encapsulates the logic of initializing context, processing, extracting defs, and finalizing.
 */
const createToJSONSchemaMethod = (schema, processors = {}) => (params) => {
    const ctx = to_json_schema_initializeContext({ ...params, processors });
    to_json_schema_processSchema(schema, ctx);
    to_json_schema_extractDefs(ctx, schema);
    return to_json_schema_finalize(ctx, schema);
};
const createStandardJSONSchemaMethod = (schema, io, processors = {}) => (params) => {
    const { libraryOptions, target } = params ?? {};
    const ctx = to_json_schema_initializeContext({ ...(libraryOptions ?? {}), target, io, processors });
    to_json_schema_processSchema(schema, ctx);
    to_json_schema_extractDefs(ctx, schema);
    return to_json_schema_finalize(ctx, schema);
};

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/json-schema-processors.js




const narrowMin = (agg, key, value) => {
    if (agg[key] === undefined || value > agg[key])
        agg[key] = value;
};
const narrowMax = (agg, key, value) => {
    if (agg[key] === undefined || value < agg[key])
        agg[key] = value;
};
const narrowBoth = (agg, value) => {
    narrowMin(agg, "minimum", value);
    narrowMax(agg, "maximum", value);
};
const addDivisor = (agg, value) => {
    agg.multipleOf ?? (agg.multipleOf = []);
    if (!agg.multipleOf.includes(value))
        agg.multipleOf.push(value);
};
const addPattern = (agg, pattern) => {
    agg.patterns ?? (agg.patterns = new Set());
    agg.patterns.add(pattern);
};
const intersectMime = (agg, mime) => {
    agg.mime = agg.mime ? agg.mime.filter((m) => mime.includes(m)) : [...mime];
};
// last-wins, matching the bag's historical write order; the flag keeps an integer format from being lost to a later float one
const setFormat = (agg, format) => {
    agg.format = format;
    if (format.includes("int"))
        agg.isInt = true;
};
const minContributor = (agg, def) => narrowMin(agg, "minimum", def.minimum);
const maxContributor = (agg, def) => narrowMax(agg, "maximum", def.maximum);
const formatContributor = (ranges) => (agg, def) => {
    setFormat(agg, def.format);
    const [minimum, maximum] = ranges[def.format];
    narrowMin(agg, "minimum", minimum);
    narrowMax(agg, "maximum", maximum);
};
const contributors = {
    greater_than: (agg, def) => narrowMin(agg, def.inclusive ? "minimum" : "exclusiveMinimum", def.value),
    less_than: (agg, def) => narrowMax(agg, def.inclusive ? "maximum" : "exclusiveMaximum", def.value),
    multiple_of: (agg, def) => addDivisor(agg, def.value),
    number_format: formatContributor(NUMBER_FORMAT_RANGES),
    bigint_format: formatContributor(BIGINT_FORMAT_RANGES),
    min_length: minContributor,
    max_length: maxContributor,
    length_equals: (agg, def) => narrowBoth(agg, def.length),
    min_size: minContributor,
    max_size: maxContributor,
    size_equals: (agg, def) => narrowBoth(agg, def.size),
    string_format: (agg, def) => {
        setFormat(agg, def.format);
        if (def.pattern)
            addPattern(agg, def.pattern);
        if (def.format === "base64" || def.format === "base64url")
            agg.contentEncoding = def.format;
        if (def.local || def.precision === -1)
            agg.laxFormat = true;
    },
    mime_type: (agg, def) => intersectMime(agg, def.mime),
};
function aggregateChecks(schema) {
    const agg = {};
    const def = schema._zod.def;
    // a format schema is its own first check, same rule as $ZodType init
    const list = schema._zod.traits.has("$ZodCheck")
        ? [schema, ...(def.checks ?? [])]
        : (def.checks ?? []);
    for (const ch of list)
        contributors[ch._zod.def.check]?.(agg, ch._zod.def);
    // reconcile with the bag so third-party onattach contributions still land; first-party residue is never tighter than the fold, so merging it back is idempotent for one and additive for the other
    const bag = schema._zod.bag;
    if (bag.minimum !== undefined)
        narrowMin(agg, "minimum", bag.minimum);
    if (bag.exclusiveMinimum !== undefined)
        narrowMin(agg, "exclusiveMinimum", bag.exclusiveMinimum);
    if (bag.maximum !== undefined)
        narrowMax(agg, "maximum", bag.maximum);
    if (bag.exclusiveMaximum !== undefined)
        narrowMax(agg, "exclusiveMaximum", bag.exclusiveMaximum);
    if (bag.multipleOf !== undefined)
        addDivisor(agg, bag.multipleOf);
    if (bag.format !== undefined) {
        agg.format ?? (agg.format = bag.format);
        if (bag.format.includes("int"))
            agg.isInt = true;
    }
    if (bag.mime)
        intersectMime(agg, bag.mime);
    for (const pattern of bag.patterns ?? [])
        addPattern(agg, pattern);
    return agg;
}
const formatMap = {
    guid: "uuid",
    url: "uri",
    datetime: "date-time",
    json_string: "json-string",
    regex: "", // do not set
};
// ==================== SIMPLE TYPE PROCESSORS ====================
// the runtime patterns are lax so parse paths never overflow the regex stack; the emitted schema swaps in the exact block forms, which zod itself never executes
const exactPatterns = new Map([
    [base64Charset, base64],
    [base64urlCharset, base64url],
]);
const exactPattern = (p) => exactPatterns.get(p) ?? p;
const stringProcessor = (schema, ctx, _json, _params) => {
    const json = _json;
    json.type = "string";
    const { minimum, maximum, format, patterns, contentEncoding, laxFormat } = aggregateChecks(schema);
    if (typeof minimum === "number")
        json.minLength = minimum;
    if (typeof maximum === "number")
        json.maxLength = maximum;
    // custom pattern overrides format
    if (format) {
        json.format = formatMap[format] ?? format;
        if (json.format === "")
            delete json.format; // empty format is not valid
        // `z.iso.time()` is never full-time, and `laxFormat` carries the datetime shapes that also accept what their keyword forbids
        if (format === "time" || laxFormat) {
            delete json.format;
        }
    }
    if (contentEncoding)
        json.contentEncoding = contentEncoding;
    if (patterns && patterns.size > 0) {
        const patternList = [...patterns].map(exactPattern);
        if (patternList.length === 1)
            json.pattern = patternList[0].source;
        else if (patternList.length > 1) {
            json.allOf = [
                ...patternList.map((regex) => ({
                    ...(ctx.target === "draft-07" || ctx.target === "draft-04" || ctx.target === "openapi-3.0"
                        ? { type: "string" }
                        : {}),
                    pattern: regex.source,
                })),
            ];
        }
    }
};
const numberProcessor = (schema, ctx, _json, params) => {
    const json = _json;
    const { minimum, maximum, multipleOf, exclusiveMaximum, exclusiveMinimum, isInt } = aggregateChecks(schema);
    json.type = isInt ? "integer" : "number";
    // when both minimum and exclusiveMinimum exist, pick the more restrictive one
    const exMin = typeof exclusiveMinimum === "number" && exclusiveMinimum >= (minimum ?? Number.NEGATIVE_INFINITY);
    const exMax = typeof exclusiveMaximum === "number" && exclusiveMaximum <= (maximum ?? Number.POSITIVE_INFINITY);
    const legacy = ctx.target === "draft-04" || ctx.target === "openapi-3.0";
    if (exMin) {
        if (legacy) {
            json.minimum = exclusiveMinimum;
            json.exclusiveMinimum = true;
        }
        else {
            json.exclusiveMinimum = exclusiveMinimum;
        }
    }
    else if (typeof minimum === "number") {
        json.minimum = minimum;
    }
    if (exMax) {
        if (legacy) {
            json.maximum = exclusiveMaximum;
            json.exclusiveMaximum = true;
        }
        else {
            json.exclusiveMaximum = exclusiveMaximum;
        }
    }
    else if (typeof maximum === "number") {
        json.maximum = maximum;
    }
    if (multipleOf) {
        // JSON Schema requires a divisor strictly greater than zero, and a non-finite one does not survive JSON at all. A negative divisor accepts exactly what its absolute value accepts, so it still maps; zero, NaN and Infinity have no keyword form.
        const divisors = new Set();
        for (const divisor of multipleOf) {
            if (Number.isFinite(divisor) && divisor !== 0)
                divisors.add(Math.abs(divisor));
            else
                handleUnrepresentable(schema, ctx, json, params, `A multipleOf divisor of ${divisor} cannot be represented in JSON Schema`);
        }
        // chained divisors are a conjunction the keyword cannot carry alone, so extras ride an allOf, same as stacked patterns
        const [first, ...rest] = divisors;
        if (first !== undefined)
            json.multipleOf = first;
        if (rest.length)
            json.allOf = [...(json.allOf ?? []), ...rest.map((m) => ({ multipleOf: m }))];
    }
};
const booleanProcessor = (_schema, _ctx, json, _params) => {
    json.type = "boolean";
};
const bigintProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "BigInt cannot be represented in JSON Schema");
};
const symbolProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Symbols cannot be represented in JSON Schema");
};
const nullProcessor = (_schema, ctx, json, _params) => {
    if (ctx.target === "openapi-3.0") {
        json.type = "string";
        json.nullable = true;
        json.enum = [null];
    }
    else {
        json.type = "null";
    }
};
const undefinedProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Undefined cannot be represented in JSON Schema");
};
const voidProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Void cannot be represented in JSON Schema");
};
const neverProcessor = (_schema, _ctx, json, _params) => {
    json.not = {};
};
const anyProcessor = (_schema, _ctx, _json, _params) => {
    // empty schema accepts anything
};
const unknownProcessor = (_schema, _ctx, _json, _params) => {
    // empty schema accepts anything
};
const dateProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Date cannot be represented in JSON Schema");
};
const enumProcessor = (schema, _ctx, json, _params) => {
    const def = schema._zod.def;
    const values = getEnumValues(def.entries);
    // an empty enum accepts nothing, same as z.never()
    if (values.length === 0) {
        json.not = {};
        return;
    }
    // Number enums can have both string and number values
    if (values.every((v) => typeof v === "number"))
        json.type = "number";
    if (values.every((v) => typeof v === "string"))
        json.type = "string";
    json.enum = values;
};
const literalProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    // a literal with no values accepts nothing, same as z.never()
    if (def.values.length === 0) {
        json.not = {};
        return;
    }
    const vals = [];
    for (const val of def.values) {
        if (val === undefined) {
            // a custom schema replaces the whole literal, so there is nothing left to accumulate
            if (handleUnrepresentable(schema, ctx, json, params, "Literal `undefined` cannot be represented in JSON Schema"))
                return;
            // otherwise do not add to vals
        }
        else if (typeof val === "bigint") {
            if (handleUnrepresentable(schema, ctx, json, params, "BigInt literals cannot be represented in JSON Schema"))
                return;
            vals.push(Number(val));
        }
        else {
            vals.push(val);
        }
    }
    if (vals.length === 0) {
        // do nothing (an undefined literal was stripped)
    }
    else if (vals.length === 1) {
        const val = vals[0];
        json.type = val === null ? "null" : typeof val;
        if (ctx.target === "draft-04" || ctx.target === "openapi-3.0") {
            json.enum = [val];
        }
        else {
            json.const = val;
        }
    }
    else {
        if (vals.every((v) => typeof v === "number"))
            json.type = "number";
        if (vals.every((v) => typeof v === "string"))
            json.type = "string";
        if (vals.every((v) => typeof v === "boolean"))
            json.type = "boolean";
        if (vals.every((v) => v === null))
            json.type = "null";
        json.enum = vals;
    }
};
const nanProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "NaN cannot be represented in JSON Schema");
};
const templateLiteralProcessor = (schema, _ctx, json, _params) => {
    const _json = json;
    const pattern = schema._zod.pattern;
    if (!pattern)
        throw new Error("Pattern not found in template literal");
    _json.type = "string";
    _json.pattern = pattern.source;
};
const fileProcessor = (schema, _ctx, json, _params) => {
    const _json = json;
    _json.type = "string";
    _json.format = "binary";
    _json.contentEncoding = "binary";
    const { minimum, maximum, mime } = aggregateChecks(schema);
    if (minimum !== undefined)
        _json.minLength = minimum;
    if (maximum !== undefined)
        _json.maxLength = maximum;
    if (!mime)
        return;
    // an empty intersection means the mime checks share no value, so nothing passes at runtime; `anyOf` must be non-empty, so the false schema is `not: {}`
    if (mime.length === 0)
        _json.not = {};
    else if (mime.length === 1)
        _json.contentMediaType = mime[0];
    // only contentMediaType differs, so the shared props stay at the root
    else
        _json.anyOf = mime.map((m) => ({ contentMediaType: m }));
};
const successProcessor = (_schema, _ctx, json, _params) => {
    json.type = "boolean";
};
const customProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Custom types cannot be represented in JSON Schema");
};
const functionProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Function types cannot be represented in JSON Schema");
};
const transformProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Transforms cannot be represented in JSON Schema");
};
const mapProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Map cannot be represented in JSON Schema");
};
const setProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Set cannot be represented in JSON Schema");
};
// ==================== COMPOSITE TYPE PROCESSORS ====================
const arrayProcessor = (schema, ctx, _json, params) => {
    const json = _json;
    const def = schema._zod.def;
    const { minimum, maximum } = aggregateChecks(schema);
    if (typeof minimum === "number")
        json.minItems = minimum;
    if (typeof maximum === "number")
        json.maxItems = maximum;
    json.type = "array";
    json.items = to_json_schema_processSchema(def.element, ctx, {
        ...params,
        path: [...params.path, "items"],
    });
};
// Transform and catch set `optin = "optional"` at runtime so the parser lets them observe an
// absent key, but their declared input type stays required. An input JSON Schema describes the
// declared type, so resolve past them to the schema that actually carries the optionality.
// Used by both `objectProcessor` (for `required`) and `tupleProcessor` (for `minItems`); see
// wiki/optionality.md, "The JSON Schema emitter reads the *static* value".
function inputOptin(schema) {
    const def = schema._zod.def;
    if (def.type === "pipe" && def.in._zod.traits.has("$ZodTransform")) {
        return inputOptin(def.out);
    }
    if (def.type === "catch") {
        return inputOptin(def.innerType);
    }
    return schema._zod.optin;
}
const objectProcessor = (schema, ctx, _json, params) => {
    const json = _json;
    const def = schema._zod.def;
    const shape = def.shape;
    // dropping it while still emitting `additionalProperties: false` would emit a schema that rejects data this one requires
    const symbolKeys = Object.getOwnPropertySymbols(shape);
    if (symbolKeys.length &&
        handleUnrepresentable(schema, ctx, json, params, "Symbol keys cannot be represented in JSON Schema")) {
        return;
    }
    json.type = "object";
    json.properties = {};
    for (const key in shape) {
        // assignProp so a __proto__ key becomes an own property instead of hitting the inherited setter on the plain {} we build into
        util_assignProp(json.properties, key, to_json_schema_processSchema(shape[key], ctx, {
            ...params,
            path: [...params.path, "properties", key],
        }));
    }
    // required keys
    const requiredKeys = [];
    for (const key of Object.keys(shape)) {
        const field = def.shape[key];
        if (ctx.io === "input" ? inputOptin(field) === undefined : field._zod.optout === undefined) {
            requiredKeys.push(key);
        }
    }
    if (requiredKeys.length > 0) {
        json.required = requiredKeys;
    }
    // catchall
    if (def.catchall?._zod.def.type === "never") {
        // strict
        json.additionalProperties = false;
    }
    else if (!def.catchall) {
        // regular
        if (ctx.io === "output")
            json.additionalProperties = false;
    }
    else if (def.catchall) {
        json.additionalProperties = to_json_schema_processSchema(def.catchall, ctx, {
            ...params,
            path: [...params.path, "additionalProperties"],
        });
    }
};
const unionProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    // Exclusive unions (inclusive === false) use oneOf (exactly one match) instead of anyOf (one or more matches). This includes both z.xor() and discriminated unions
    const isExclusive = def.inclusive === false;
    const options = def.options.map((x, i) => to_json_schema_processSchema(x, ctx, {
        ...params,
        path: [...params.path, isExclusive ? "oneOf" : "anyOf", i],
    }));
    if (isExclusive) {
        json.oneOf = options;
    }
    else {
        json.anyOf = options;
    }
};
const intersectionProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    const a = to_json_schema_processSchema(def.left, ctx, {
        ...params,
        path: [...params.path, "allOf", 0],
    });
    const b = to_json_schema_processSchema(def.right, ctx, {
        ...params,
        path: [...params.path, "allOf", 1],
    });
    const isSimpleIntersection = (val) => "allOf" in val && Object.keys(val).length === 1;
    const allOf = [
        ...(isSimpleIntersection(a) ? a.allOf : [a]),
        ...(isSimpleIntersection(b) ? b.allOf : [b]),
    ];
    json.allOf = allOf;
    // Recorded innermost first, so a nested intersection has already folded by the time this one is considered. The array is the handle rather than the schema, because a wrapper that inherits this schema shares the same array; `finalize` folds every object holding it. See `foldIntersection`.
    ctx.intersections.push(allOf);
};
const tupleProcessor = (schema, ctx, _json, params) => {
    const json = _json;
    const def = schema._zod.def;
    json.type = "array";
    const prefixPath = ctx.target === "draft-2020-12" ? "prefixItems" : "items";
    const restPath = ctx.target === "draft-2020-12" ? "items" : ctx.target === "openapi-3.0" ? "items" : "additionalItems";
    const prefixItems = def.items.map((x, i) => to_json_schema_processSchema(x, ctx, {
        ...params,
        path: [...params.path, prefixPath, i],
    }));
    const rest = def.rest
        ? to_json_schema_processSchema(def.rest, ctx, {
            ...params,
            path: [...params.path, restPath, ...(ctx.target === "openapi-3.0" ? [def.items.length] : [])],
        })
        : null;
    let minItems = def.items.length;
    while (minItems > 0) {
        const item = def.items[minItems - 1];
        const optional = ctx.io === "input" ? inputOptin(item) !== undefined : item._zod.optout === "optional";
        if (!optional)
            break;
        minItems--;
    }
    const maxItems = def.items.length;
    const isClosed = !def.rest;
    if (ctx.target === "draft-2020-12") {
        json.prefixItems = prefixItems;
        if (isClosed) {
            json.items = false;
        }
        else if (rest) {
            json.items = rest;
        }
        if (minItems > 0)
            json.minItems = minItems;
        if (isClosed)
            json.maxItems = maxItems;
    }
    else if (ctx.target === "openapi-3.0") {
        json.items = {
            anyOf: prefixItems,
        };
        if (rest) {
            json.items.anyOf.push(rest);
        }
        if (minItems > 0)
            json.minItems = minItems;
        if (isClosed)
            json.maxItems = maxItems;
    }
    else {
        json.items = prefixItems;
        if (isClosed) {
            json.additionalItems = false;
        }
        else if (rest) {
            json.additionalItems = rest;
        }
        if (minItems > 0)
            json.minItems = minItems;
        if (isClosed)
            json.maxItems = maxItems;
    }
    // explicit user-defined length checks take precedence
    const { minimum, maximum } = aggregateChecks(schema);
    if (typeof minimum === "number")
        json.minItems = minimum;
    if (typeof maximum === "number")
        json.maxItems = maximum;
};
/** JSON object keys are always strings, so a numeric record key schema is re-expressed over the
 * numeric-string form the record parser matches. Deferred to `finalize`, after the flatten: a key
 * behind a wrapper only carries its own `type` before then, and a union key only has its branches.
 *
 * A numeric bound cannot apply to a property name, so `minimum` and its siblings are dropped rather
 * than carried over: keeping them beside `type: "string"` reproduces the match-nothing schema this
 * exists to fix. A key that carries one therefore emits wider than the record parses — `z.record(z.number().min(5), V)`
 * accepts `"3"` — which is the deliberate trade, since throwing on it would reject an ordinary schema
 * outright. */
function stringifyKeyNames(bySchema, json, visited) {
    // an extracted key that rewrites cannot go on sharing its definition — the string form a key position needs is not the number form every other reference wants — so it inlines. One that does not rewrite keeps the `$ref`.
    if (json.$ref) {
        // a recursive key holds its own reference inside its definition, so a node already on the path is left alone rather than resolved again
        if (visited.has(json))
            return json;
        visited.add(json);
        const def = bySchema.get(json)?.def;
        if (!def)
            return json;
        const inlined = stringifyKeyNames(bySchema, def, visited);
        return inlined === def ? json : inlined;
    }
    for (const keyword of ["anyOf", "oneOf"]) {
        const branches = json[keyword];
        if (!Array.isArray(branches))
            continue;
        const mapped = branches.map((branch) => stringifyKeyNames(bySchema, branch, visited));
        // rebuilding regardless would detach a key that had nothing to re-express, dropping its `$ref` and leaking the internal `id`
        if (mapped.some((branch, i) => branch !== branches[i]))
            json = { ...json, [keyword]: mapped };
    }
    // a member that already admits a string leaves the key unconstrained, so the node's own type re-expresses only when every member is numeric
    const types = Array.isArray(json.type) ? json.type : [json.type];
    const numericType = !types.includes("string") && types.some((t) => t === "number" || t === "integer");
    // a heterogeneous key carries no type at all, so its numeric members are caught here instead
    const values = json.enum ?? (json.const !== undefined ? [json.const] : undefined);
    if (!numericType && !values?.some((v) => typeof v === "number"))
        return json;
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format, id, ...rest } = json;
    if (rest.enum)
        rest.enum = rest.enum.map((v) => (typeof v === "number" ? String(v) : v));
    else if (typeof rest.const === "number")
        rest.const = String(rest.const);
    // a heterogeneous key keeps its absent type: the stringified members already say what a key may be
    if (!numericType)
        return rest;
    rest.type = "string";
    if (!values)
        rest.pattern = (types.includes("number") ? number : integer).source;
    return rest;
}
/** Every record of one conversion, so the carriers are found in a single pass rather than once per record. */
const pendingRecords = new WeakMap();
function rewriteKeyNames(ctx) {
    // an extracted key is resolved by the object `extractToDef` left in its place, so the map is built once rather than searched per reference. `_zod.toJSONSchema` can hand the same object to two schemas, so the first entry carrying a body wins, as a search would have found it.
    const bySchema = new Map();
    for (const entry of ctx.seen.values()) {
        if (entry.def && !bySchema.has(entry.schema))
            bySchema.set(entry.schema, entry);
    }
    const rewrites = new Map();
    for (const record of pendingRecords.get(ctx) ?? []) {
        const seen = ctx.seen.get(record);
        const names = (seen?.def ?? seen?.schema)?.propertyNames;
        if (!names || names === true || rewrites.has(names))
            continue;
        const rewritten = stringifyKeyNames(bySchema, names, new Set());
        if (rewritten !== names)
            rewrites.set(names, rewritten);
    }
    if (!rewrites.size)
        return;
    // the flatten has already copied each record's own properties onto every wrapper by reference, and an extracted body is another such copy, so every carrier holding a rewritten key is updated together
    for (const entry of ctx.seen.values()) {
        for (const carrier of [entry.schema, entry.def]) {
            const rewritten = carrier && rewrites.get(carrier.propertyNames);
            if (rewritten)
                carrier.propertyNames = rewritten;
        }
    }
}
const recordProcessor = (schema, ctx, _json, params) => {
    const json = _json;
    const def = schema._zod.def;
    json.type = "object";
    // For looseRecord with regex patterns, use patternProperties. This correctly represents "only validate keys matching the pattern" semantics and composes well with allOf (intersections)
    const keyType = def.keyType;
    const patterns = aggregateChecks(keyType).patterns;
    if (def.mode === "loose" && patterns && patterns.size > 0) {
        // Use patternProperties for looseRecord with regex patterns
        const valueSchema = to_json_schema_processSchema(def.valueType, ctx, {
            ...params,
            path: [...params.path, "patternProperties", "*"],
        });
        json.patternProperties = {};
        for (const pattern of patterns) {
            util_assignProp(json.patternProperties, exactPattern(pattern).source, valueSchema);
        }
    }
    else {
        // Default behavior: use propertyNames + additionalProperties
        if (ctx.target === "draft-07" || ctx.target === "draft-2020-12") {
            json.propertyNames = to_json_schema_processSchema(def.keyType, ctx, {
                ...params,
                path: [...params.path, "propertyNames"],
            });
            let pending = pendingRecords.get(ctx);
            if (!pending) {
                pending = [];
                pendingRecords.set(ctx, pending);
                ctx.deferred.push(() => rewriteKeyNames(ctx));
            }
            pending.push(schema);
        }
        json.additionalProperties = to_json_schema_processSchema(def.valueType, ctx, {
            ...params,
            path: [...params.path, "additionalProperties"],
        });
    }
    // Add required for keys with discrete values (enum, literal, etc.)
    const keyValues = keyType._zod.values;
    // Every key shares one value schema, so an optional-in value makes the whole key set omittable on input. Output keeps them: the exhaustive branch assigns every key, even one whose value came back undefined.
    const omittableOnInput = ctx.io === "input" && inputOptin(def.valueType) !== undefined;
    if (keyValues && !def.partial && !omittableOnInput) {
        const validKeyValues = [...keyValues].filter((v) => typeof v === "string" || typeof v === "number");
        if (validKeyValues.length > 0) {
            json.required = validKeyValues.map(String);
        }
    }
};
const nullableProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    const inner = to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    if (ctx.target === "openapi-3.0") {
        seen.ref = def.innerType;
        json.nullable = true;
    }
    else {
        json.anyOf = [inner, { type: "null" }];
    }
};
const nonoptionalProcessor = (schema, ctx, _json, params) => {
    const def = schema._zod.def;
    to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = def.innerType;
};
/** Round-trips a default value through JSON so the emitted schema is guaranteed to be valid JSON.
 * A BigInt has no reliable encoding, so it goes through `unrepresentable` like any other
 * unrepresentable value. Returns a sentinel when the caller must not write a default of its own. */
const UNREPRESENTABLE_DEFAULT = Symbol();
function serializeDefaultValue(value, schema, ctx, json, params) {
    let unrepresentable = false;
    const serialized = JSON.stringify(value, (_, val) => {
        if (typeof val !== "bigint")
            return val;
        unrepresentable = true;
        return null;
    });
    if (!unrepresentable)
        return JSON.parse(serialized);
    handleUnrepresentable(schema, ctx, json, params, "BigInt defaults cannot be represented in JSON Schema");
    return UNREPRESENTABLE_DEFAULT;
}
const defaultProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = def.innerType;
    const value = serializeDefaultValue(def.defaultValue, schema, ctx, json, params);
    if (value !== UNREPRESENTABLE_DEFAULT)
        json.default = value;
};
const prefaultProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = def.innerType;
    if (ctx.io !== "input")
        return;
    const value = serializeDefaultValue(def.defaultValue, schema, ctx, json, params);
    if (value !== UNREPRESENTABLE_DEFAULT)
        json._prefault = value;
};
const catchProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = def.innerType;
    let catchValue;
    try {
        catchValue = def.catchValue(undefined);
    }
    catch {
        handleUnrepresentable(schema, ctx, json, params, "Dynamic catch values are not supported in JSON Schema");
        return;
    }
    json.default = catchValue;
};
const pipeProcessor = (schema, ctx, _json, params) => {
    const def = schema._zod.def;
    const inIsTransform = def.in._zod.traits.has("$ZodTransform");
    const innerType = ctx.io === "input" ? (inIsTransform ? def.out : def.in) : def.out;
    to_json_schema_processSchema(innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = innerType;
};
const readonlyProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = def.innerType;
    json.readOnly = true;
};
const promiseProcessor = (schema, ctx, _json, params) => {
    const def = schema._zod.def;
    to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = def.innerType;
};
const optionalProcessor = (schema, ctx, _json, params) => {
    const def = schema._zod.def;
    to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = def.innerType;
};
const lazyProcessor = (schema, ctx, _json, params) => {
    const innerType = schema._zod.innerType;
    to_json_schema_processSchema(innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = innerType;
};
// ==================== ALL PROCESSORS ====================
const allProcessors = {
    string: stringProcessor,
    number: numberProcessor,
    boolean: booleanProcessor,
    bigint: bigintProcessor,
    symbol: symbolProcessor,
    null: nullProcessor,
    undefined: undefinedProcessor,
    void: voidProcessor,
    never: neverProcessor,
    any: anyProcessor,
    unknown: unknownProcessor,
    date: dateProcessor,
    enum: enumProcessor,
    literal: literalProcessor,
    nan: nanProcessor,
    template_literal: templateLiteralProcessor,
    file: fileProcessor,
    success: successProcessor,
    custom: customProcessor,
    function: functionProcessor,
    transform: transformProcessor,
    map: mapProcessor,
    set: setProcessor,
    array: arrayProcessor,
    object: objectProcessor,
    union: unionProcessor,
    intersection: intersectionProcessor,
    tuple: tupleProcessor,
    record: recordProcessor,
    nullable: nullableProcessor,
    nonoptional: nonoptionalProcessor,
    default: defaultProcessor,
    prefault: prefaultProcessor,
    catch: catchProcessor,
    pipe: pipeProcessor,
    readonly: readonlyProcessor,
    promise: promiseProcessor,
    optional: optionalProcessor,
    lazy: lazyProcessor,
};
function toJSONSchema(input, params) {
    if ("_idmap" in input) {
        // Registry case
        const registry = input;
        const ctx = initializeContext({ ...params, processors: allProcessors });
        const defs = {};
        // First pass: process all schemas to build the seen map
        for (const entry of registry._idmap.entries()) {
            const [_, schema] = entry;
            processSchema(schema, ctx);
        }
        const schemas = {};
        const external = {
            registry,
            uri: params?.uri,
            defs,
        };
        // Update the context with external configuration
        ctx.external = external;
        // Second pass: emit each schema
        for (const entry of registry._idmap.entries()) {
            const [key, schema] = entry;
            extractDefs(ctx, schema);
            assignProp(schemas, key, finalize(ctx, schema));
        }
        if (Object.keys(defs).length > 0) {
            const defsSegment = ctx.target === "draft-2020-12" ? "$defs" : "definitions";
            schemas.__shared = {
                [defsSegment]: defs,
            };
        }
        return { schemas };
    }
    // Single schema case
    const ctx = initializeContext({ ...params, processors: allProcessors });
    processSchema(input, ctx);
    extractDefs(ctx, input);
    return finalize(ctx, input);
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/locales/en.js

const en_error = () => {
    const Sizable = {
        string: { unit: "characters", verb: "to have" },
        file: { unit: "bytes", verb: "to have" },
        array: { unit: "items", verb: "to have" },
        set: { unit: "items", verb: "to have" },
        map: { unit: "entries", verb: "to have" },
    };
    function getSizing(origin) {
        return Sizable[origin] ?? null;
    }
    const FormatDictionary = {
        regex: "input",
        email: "email address",
        url: "URL",
        emoji: "emoji",
        uuid: "UUID",
        uuidv4: "UUIDv4",
        uuidv6: "UUIDv6",
        nanoid: "nanoid",
        guid: "GUID",
        cuid: "cuid",
        cuid2: "cuid2",
        ulid: "ULID",
        xid: "XID",
        ksuid: "KSUID",
        datetime: "ISO datetime",
        date: "ISO date",
        time: "ISO time",
        duration: "ISO duration",
        ipv4: "IPv4 address",
        ipv6: "IPv6 address",
        mac: "MAC address",
        cidrv4: "IPv4 range",
        cidrv6: "IPv6 range",
        base64: "base64-encoded string",
        base64url: "base64url-encoded string",
        json_string: "JSON string",
        e164: "E.164 number",
        currency_code: "currency code",
        credit_card: "credit card number",
        iban: "IBAN",
        jwt: "JWT",
        template_literal: "input",
    };
    // type names: missing keys = do not translate (use raw value via ?? fallback)
    const TypeDictionary = {
        // Compatibility: "nan" -> "NaN" for display
        nan: "NaN",
        // All other type names omitted - they fall back to raw values via ?? operator
    };
    function getTypeName(type, input) {
        if (type === "number" && typeof input === "number" && !Number.isFinite(input)) {
            return String(input);
        }
        return TypeDictionary[type] ?? type;
    }
    return (issue) => {
        switch (issue.code) {
            case "invalid_type": {
                const expected = getTypeName(issue.expected);
                const receivedType = parsedType(issue.input);
                const received = getTypeName(receivedType, issue.input);
                return `Invalid input: expected ${expected}, received ${received}`;
            }
            case "invalid_value":
                if (issue.values.length === 1)
                    return `Invalid input: expected ${stringifyPrimitive(issue.values[0])}`;
                return `Invalid option: expected one of ${joinValues(issue.values, "|")}`;
            case "too_big": {
                const adj = issue.exact ? "exactly " : issue.inclusive ? "<=" : "<";
                const sizing = getSizing(issue.origin);
                if (sizing)
                    return `Too big: expected ${issue.origin ?? "value"} to have ${adj}${issue.maximum.toString()} ${sizing.unit ?? "elements"}`;
                return `Too big: expected ${issue.origin ?? "value"} to be ${adj}${issue.maximum.toString()}`;
            }
            case "too_small": {
                const adj = issue.exact ? "exactly " : issue.inclusive ? ">=" : ">";
                const sizing = getSizing(issue.origin);
                if (sizing) {
                    return `Too small: expected ${issue.origin} to have ${adj}${issue.minimum.toString()} ${sizing.unit}`;
                }
                return `Too small: expected ${issue.origin} to be ${adj}${issue.minimum.toString()}`;
            }
            case "invalid_format": {
                const _issue = issue;
                if (_issue.format === "starts_with") {
                    return `Invalid string: must start with "${_issue.prefix}"`;
                }
                if (_issue.format === "ends_with")
                    return `Invalid string: must end with "${_issue.suffix}"`;
                if (_issue.format === "includes")
                    return `Invalid string: must include "${_issue.includes}"`;
                if (_issue.format === "regex")
                    return `Invalid string: must match pattern ${_issue.pattern}`;
                return `Invalid ${FormatDictionary[_issue.format] ?? issue.format}`;
            }
            case "not_multiple_of":
                return `Invalid number: must be a multiple of ${issue.divisor}`;
            case "unrecognized_keys":
                return `Unrecognized key${issue.keys.length > 1 ? "s" : ""}: ${joinValues(issue.keys, ", ")}`;
            case "invalid_key":
                return `Invalid key in ${issue.origin}`;
            case "invalid_union":
                if (issue.options && Array.isArray(issue.options) && issue.options.length > 0) {
                    const opts = issue.options.map((o) => `'${o}'`).join(" | ");
                    return `Invalid discriminator value. Expected ${opts}`;
                }
                if (issue.inclusive === false) {
                    return "Invalid input: more than one option matched";
                }
                return "Invalid input";
            case "invalid_element":
                return `Invalid value in ${issue.origin}`;
            default:
                return `Invalid input`;
        }
    };
};
/* harmony default export */ function en() {
    return {
        localeError: en_error(),
    };
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/errors.js


/* Computing the message eagerly is expensive (pretty-printed JSON of all
 * issues), so defer it until first read. The accessor functions and
 * descriptors are shared across instances to keep error construction
 * cheap; the computed message is cached on the internals object. The
 * setter preserves plain assignment semantics for consumers that
 * overwrite `message`. */
function _getMessage() {
    const internals = this._zod;
    internals.message ?? (internals.message = JSON.stringify(internals.def, jsonStringifyReplacer, 2));
    return internals.message;
}
function _setMessage(value) {
    this._zod.message = value;
}
const _messageDesc = {
    get: _getMessage,
    set: _setMessage,
    enumerable: true,
    configurable: true,
};
const _issuesDesc = { value: undefined, enumerable: false };
/* Prototypes that already carry the lazy `toString`. Seeded with the
 * intrinsics so that `init` on a foreign object — it accepts any object —
 * can never install an accessor onto a prototype we do not own. */
const _installedToString = /* @__PURE__ */ new WeakSet([Object.prototype, Error.prototype]);
const initializer = (inst, def) => {
    inst.name = "$ZodError";
    // `_zod` is already non-enumerable: $constructor's init defined it with this same descriptor
    _issuesDesc.value = def;
    Object.defineProperty(inst, "issues", _issuesDesc);
    // Clear the shared slot; a retained `value` pins the last error's issues.
    _issuesDesc.value = undefined;
    Object.defineProperty(inst, "message", _messageDesc);
    /* `toString` lives as a non-enumerable lazy getter on the shared
     * prototype; on first access it caches a per-instance closure so
     * detached usage still works. */
    const proto = Object.getPrototypeOf(inst);
    if (!_installedToString.has(proto)) {
        _installedToString.add(proto);
        Object.defineProperty(proto, "toString", {
            configurable: true,
            enumerable: false,
            get() {
                const value = () => this.message;
                Object.defineProperty(this, "toString", { value, configurable: true, writable: true });
                return value;
            },
            set(value) {
                Object.defineProperty(this, "toString", { value, configurable: true, writable: true });
            },
        });
    }
};
const $ZodError = $constructor("$ZodError", initializer);
const $ZodRealError = $constructor("$ZodError", initializer, undefined, {
    Parent: Error,
});
/** Get-or-create `obj[key]` as an own data property. A path segment naming an inherited member
 * ("toString", "constructor") would otherwise read through to the prototype, and assigning
 * "__proto__" would hit the setter instead of creating a key. */
function node(obj, key, make) {
    if (!Object.prototype.hasOwnProperty.call(obj, key)) {
        if (key === "__proto__") {
            Object.defineProperty(obj, key, { value: make(), writable: true, enumerable: true, configurable: true });
        }
        else {
            obj[key] = make();
        }
    }
    return obj[key];
}
function flattenError(error, mapper = (issue) => issue.message) {
    const fieldErrors = {};
    const formErrors = [];
    for (const sub of error.issues) {
        if (sub.path.length > 0) {
            node(fieldErrors, sub.path[0], () => []).push(mapper(sub));
        }
        else {
            formErrors.push(mapper(sub));
        }
    }
    return { formErrors, fieldErrors };
}
function formatError(error, mapper = (issue) => issue.message) {
    const fieldErrors = { _errors: [] };
    const processError = (error, path = []) => {
        for (const issue of error.issues) {
            if (issue.code === "invalid_union" && issue.errors.length) {
                issue.errors.map((issues) => processError({ issues }, [...path, ...issue.path]));
            }
            else if (issue.code === "invalid_key") {
                processError({ issues: issue.issues }, [...path, ...issue.path]);
            }
            else if (issue.code === "invalid_element") {
                processError({ issues: issue.issues }, [...path, ...issue.path]);
            }
            else {
                const fullpath = [...path, ...issue.path];
                if (fullpath.length === 0) {
                    fieldErrors._errors.push(mapper(issue));
                }
                else {
                    let curr = fieldErrors;
                    let i = 0;
                    while (i < fullpath.length) {
                        const el = fullpath[i];
                        const terminal = i === fullpath.length - 1;
                        // `_errors` is reserved by this legacy format, so merge a matching path segment into the current node instead of treating its array as a child.
                        if (el === "_errors") {
                            if (terminal)
                                curr._errors.push(mapper(issue));
                            i++;
                            continue;
                        }
                        // A path element may collide with an inherited property name such as
                        // "__proto__" or "constructor". Truthiness checks read the prototype
                        // (so no node is created, then ._errors.push throws), and bracket
                        // assignment of "__proto__" hits the setter instead of creating an
                        // own key. Guard the read with hasOwnProperty and create the node
                        // with defineProperty so any path element becomes a real own key.
                        if (!Object.prototype.hasOwnProperty.call(curr, el)) {
                            Object.defineProperty(curr, el, {
                                value: { _errors: [] },
                                enumerable: true,
                                writable: true,
                                configurable: true,
                            });
                        }
                        const node = curr[el];
                        if (terminal) {
                            node._errors.push(mapper(issue));
                        }
                        curr = node;
                        i++;
                    }
                }
            }
        }
    };
    processError(error);
    return fieldErrors;
}
function treeifyError(error, mapper = (issue) => issue.message) {
    const result = { errors: [] };
    const processError = (error, path = []) => {
        var _a;
        for (const issue of error.issues) {
            if (issue.code === "invalid_union" && issue.errors.length) {
                // regular union error
                issue.errors.map((issues) => processError({ issues }, [...path, ...issue.path]));
            }
            else if (issue.code === "invalid_key") {
                processError({ issues: issue.issues }, [...path, ...issue.path]);
            }
            else if (issue.code === "invalid_element") {
                processError({ issues: issue.issues }, [...path, ...issue.path]);
            }
            else {
                const fullpath = [...path, ...issue.path];
                if (fullpath.length === 0) {
                    result.errors.push(mapper(issue));
                    continue;
                }
                let curr = result;
                let i = 0;
                while (i < fullpath.length) {
                    const el = fullpath[i];
                    const terminal = i === fullpath.length - 1;
                    if (typeof el === "string") {
                        curr.properties ?? (curr.properties = {});
                        // el may collide with an inherited property name ("__proto__",
                        // "constructor", ...); ??= reads the prototype so the node is never
                        // created and curr.errors.push throws. Guard with hasOwnProperty and
                        // create the node with defineProperty so "__proto__" becomes a real
                        // own key rather than invoking the prototype setter.
                        if (!Object.prototype.hasOwnProperty.call(curr.properties, el)) {
                            Object.defineProperty(curr.properties, el, {
                                value: { errors: [] },
                                enumerable: true,
                                writable: true,
                                configurable: true,
                            });
                        }
                        curr = curr.properties[el];
                    }
                    else {
                        curr.items ?? (curr.items = []);
                        (_a = curr.items)[el] ?? (_a[el] = { errors: [] });
                        curr = curr.items[el];
                    }
                    if (terminal) {
                        curr.errors.push(mapper(issue));
                    }
                    i++;
                }
            }
        }
    };
    processError(error);
    return result;
}
/** Format a ZodError as a human-readable string in the following form.
 *
 * From
 *
 * ```ts
 * ZodError {
 *   issues: [
 *     {
 *       expected: 'string',
 *       code: 'invalid_type',
 *       path: [ 'username' ],
 *       message: 'Invalid input: expected string'
 *     },
 *     {
 *       expected: 'number',
 *       code: 'invalid_type',
 *       path: [ 'favoriteNumbers', 1 ],
 *       message: 'Invalid input: expected number'
 *     }
 *   ];
 * }
 * ```
 *
 * to
 *
 * ```
 * username
 *   ✖ Expected number, received string at "username
 * favoriteNumbers[0]
 *   ✖ Invalid input: expected number
 * ```
 */
function toDotPath(_path) {
    const segs = [];
    const path = _path.map((seg) => (typeof seg === "object" ? seg.key : seg));
    for (const seg of path) {
        if (typeof seg === "number")
            segs.push(`[${seg}]`);
        else if (typeof seg === "symbol")
            segs.push(`[${JSON.stringify(String(seg))}]`);
        else if (/[^\w$]/.test(seg))
            segs.push(`[${JSON.stringify(seg)}]`);
        else {
            if (segs.length)
                segs.push(".");
            segs.push(seg);
        }
    }
    return segs.join("");
}
function prettifyError(error) {
    const lines = [];
    // sort by path length
    const issues = [...error.issues].sort((a, b) => (a.path ?? []).length - (b.path ?? []).length);
    // Process each issue
    for (const issue of issues) {
        lines.push(`✖ ${issue.message}`);
        if (issue.path?.length)
            lines.push(`  → at ${toDotPath(issue.path)}`);
    }
    // Convert Map to formatted string
    return lines.join("\n");
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/parse.js



// Always both keys, so the `_params` read site in `_parse` sees one object shape rather than two.
function finalizeParams(callee, params) {
    return { callee: params?.callee ?? callee, Err: params?.Err };
}
const _parse = (_Err) => {
    const fn = (schema, value, _ctx, _params) => {
        const ctx = _ctx ? { ..._ctx, async: false } : { async: false };
        const result = schema._zod.run({ value, issues: [] }, ctx);
        if (result instanceof Promise) {
            throw new $ZodAsyncError();
        }
        if (result.issues.length) {
            const e = new (_params?.Err ?? _Err)(result.issues.map((iss) => finalizeIssue(iss, ctx, config())));
            captureStackTrace(e, _params?.callee ?? fn);
            throw e;
        }
        return result.value;
    };
    return fn;
};
const parse_parse = /* @__PURE__*/ _parse($ZodRealError);
const _parseAsync = (_Err) => {
    const fn = async (schema, value, _ctx, params) => {
        const ctx = _ctx ? { ..._ctx, async: true } : { async: true };
        let result = schema._zod.run({ value, issues: [] }, ctx);
        if (result instanceof Promise)
            result = await result;
        if (result.issues.length) {
            const e = new (params?.Err ?? _Err)(result.issues.map((iss) => finalizeIssue(iss, ctx, config())));
            captureStackTrace(e, params?.callee ?? fn);
            throw e;
        }
        return result.value;
    };
    return fn;
};
const parse_parseAsync = /* @__PURE__*/ _parseAsync($ZodRealError);
const _safeParse = (_Err) => (schema, value, _ctx) => {
    const ctx = _ctx ? { ..._ctx, async: false } : { async: false };
    const result = schema._zod.run({ value, issues: [] }, ctx);
    if (result instanceof Promise) {
        throw new $ZodAsyncError();
    }
    return result.issues.length ? failure(_Err, result.issues, ctx) : { success: true, data: result.value };
};
const safeParse = /* @__PURE__*/ _safeParse($ZodRealError);
// the error is built on the first read of `error`: finalizing the issues and constructing the instance is most of a failing parse, and a caller that only branches on `success` never pays it. a getter in the literal keeps this small; the alternative, one shared accessor descriptor plus a hidden state slot, reads ~15% faster but costs ~75 B gzipped in every bundle
function failure(Err, issues, ctx) {
    let error;
    return {
        success: false,
        get error() {
            if (!error) {
                error = new Err(issues.map((iss) => finalizeIssue(iss, ctx, config())));
                // finalizeIssue drops `input`, so the built error holds nothing; keeping the raw issues past this point pins the parsed value for the life of the result
                issues = undefined;
                ctx = undefined;
            }
            return error;
        },
        set error(e) {
            error = e;
            // a replacement makes the getter's branch unreachable, so the captures have to go here too
            issues = undefined;
            ctx = undefined;
        },
    };
}
const _safeParseAsync = (_Err) => async (schema, value, _ctx) => {
    const ctx = _ctx ? { ..._ctx, async: true } : { async: true };
    let result = schema._zod.run({ value, issues: [] }, ctx);
    if (result instanceof Promise)
        result = await result;
    return result.issues.length ? failure(_Err, result.issues, ctx) : { success: true, data: result.value };
};
const safeParseAsync = /* @__PURE__*/ _safeParseAsync($ZodRealError);
// registry mirrors of the compiler's sentinels, so this module never imports the compiler
const COMPILE_INVALID = /* @__PURE__ */ Symbol.for("zod.compile.invalid");
const COMPILE_FALLBACK = /* @__PURE__ */ Symbol.for("zod.compile.fallback");
// Deliberately tiny, because v8 will not inline a body carrying the fallback's object literals and throw. Everything that is not the compiled happy path lives in validateFallback, and that split is worth ~35% on a compiled schema.
const validate = ((schema, value, _ctx) => {
    const validator = schema._zod.bag.validator;
    if (validator !== undefined) {
        if (validator(value) !== COMPILE_INVALID)
            return true;
        // a definite sentinel means the runtime would reject, so skip the re-parse; a ctx can still change the answer
        if (validator.definite === true && _ctx === undefined)
            return false;
    }
    return validateFallback(schema, value, _ctx);
});
function validateFallback(schema, value, _ctx) {
    const ctx = _ctx
        ? { ..._ctx, async: false, abortEarly: true }
        : { async: false, abortEarly: true };
    const fallbackRun = schema._zod.bag.fallbackRun;
    let result;
    if (fallbackRun) {
        // skip nested fast paths on the fallback, so user callbacks keep the at-most-twice bound
        ctx[COMPILE_FALLBACK] = true;
        result = fallbackRun({ value, issues: [] }, ctx);
    }
    else {
        result = schema._zod.run({ value, issues: [] }, ctx);
    }
    if (result instanceof Promise) {
        throw new $ZodAsyncError();
    }
    return result.issues.length === 0;
}
// no fast path: the compiler keeps async parses on the runtime, because a promise-returning callback that is not declared async compiles to a throw
const parse_validateAsync = async (schema, value, _ctx) => {
    const ctx = _ctx
        ? { ..._ctx, async: true, abortEarly: true }
        : { async: true, abortEarly: true };
    let result = schema._zod.run({ value, issues: [] }, ctx);
    if (result instanceof Promise)
        result = await result;
    return result.issues.length === 0;
};
const _encode = (_Err) => {
    const parse = _parse(_Err);
    const fn = (schema, value, _ctx, _params) => {
        const ctx = _ctx ? { ..._ctx, direction: "backward" } : { direction: "backward" };
        return parse(schema, value, ctx, finalizeParams(fn, _params));
    };
    return fn;
};
const encode = /* @__PURE__*/ _encode($ZodRealError);
const _decode = (_Err) => {
    const parse = _parse(_Err);
    const fn = (schema, value, _ctx, _params) => {
        return parse(schema, value, _ctx, finalizeParams(fn, _params));
    };
    return fn;
};
const decode = /* @__PURE__*/ _decode($ZodRealError);
const _encodeAsync = (_Err) => {
    const parseAsync = _parseAsync(_Err);
    const fn = async (schema, value, _ctx, _params) => {
        const ctx = _ctx ? { ..._ctx, direction: "backward" } : { direction: "backward" };
        return (await parseAsync(schema, value, ctx, finalizeParams(fn, _params)));
    };
    return fn;
};
const encodeAsync = /* @__PURE__*/ _encodeAsync($ZodRealError);
const _decodeAsync = (_Err) => {
    const parseAsync = _parseAsync(_Err);
    const fn = async (schema, value, _ctx, _params) => {
        return await parseAsync(schema, value, _ctx, finalizeParams(fn, _params));
    };
    return fn;
};
const decodeAsync = /* @__PURE__*/ _decodeAsync($ZodRealError);
const _safeEncode = (_Err) => (schema, value, _ctx) => {
    const ctx = _ctx ? { ..._ctx, direction: "backward" } : { direction: "backward" };
    return _safeParse(_Err)(schema, value, ctx);
};
const safeEncode = /* @__PURE__*/ _safeEncode($ZodRealError);
const _safeDecode = (_Err) => (schema, value, _ctx) => {
    return _safeParse(_Err)(schema, value, _ctx);
};
const safeDecode = /* @__PURE__*/ _safeDecode($ZodRealError);
const _safeEncodeAsync = (_Err) => async (schema, value, _ctx) => {
    const ctx = _ctx ? { ..._ctx, direction: "backward" } : { direction: "backward" };
    return _safeParseAsync(_Err)(schema, value, ctx);
};
const safeEncodeAsync = /* @__PURE__*/ _safeEncodeAsync($ZodRealError);
const _safeDecodeAsync = (_Err) => async (schema, value, _ctx) => {
    return _safeParseAsync(_Err)(schema, value, _ctx);
};
const safeDecodeAsync = /* @__PURE__*/ _safeDecodeAsync($ZodRealError);

;// CONCATENATED MODULE: ./node_modules/zod/v4/classic/errors.js



/* Prototypes that already carry the lazy helper methods. Seeded with the
 * intrinsics so that `init` on a foreign object — it accepts any object —
 * can never install an accessor onto a prototype we do not own. */
const _installedErrorProtos = /* @__PURE__ */ new WeakSet([Object.prototype, Error.prototype]);
/* Helper methods live as non-enumerable lazy getters on the shared
 * prototype instead of own properties on every instance. On first
 * access the getter allocates the per-instance closure and caches it
 * as a non-enumerable own property, so detached usage still works and
 * the allocation only happens for methods actually touched. */
function _lazyMethod(proto, key, make) {
    Object.defineProperty(proto, key, {
        configurable: true,
        enumerable: false,
        get() {
            const value = make(this);
            Object.defineProperty(this, key, { value, configurable: true, writable: true });
            return value;
        },
        set(value) {
            Object.defineProperty(this, key, { value, configurable: true, writable: true });
        },
    });
}
const errors_initializer = (inst, issues) => {
    $ZodError.init(inst, issues);
    inst.name = "ZodError";
    const proto = Object.getPrototypeOf(inst);
    if (_installedErrorProtos.has(proto))
        return;
    _installedErrorProtos.add(proto);
    _lazyMethod(proto, "format", (self) => (mapper) => formatError(self, mapper));
    _lazyMethod(proto, "flatten", (self) => (mapper) => flattenError(self, mapper));
    _lazyMethod(proto, "addIssue", (self) => (issue) => {
        self.issues.push(issue);
        self.message = JSON.stringify(self.issues, jsonStringifyReplacer, 2);
    });
    _lazyMethod(proto, "addIssues", (self) => (issues) => {
        self.issues.push(...issues);
        self.message = JSON.stringify(self.issues, jsonStringifyReplacer, 2);
    });
    Object.defineProperty(proto, "isEmpty", {
        configurable: true,
        enumerable: false,
        get() {
            return this.issues.length === 0;
        },
    });
};
const ZodError = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodError", errors_initializer)));
const ZodRealError = /*@__PURE__*/ $constructor("ZodError", errors_initializer, undefined, {
    Parent: Error,
});
// /** @deprecated Use `z.core.$ZodErrorMapCtx` instead. */
// export type ErrorMapCtx = core.$ZodErrorMapCtx;

;// CONCATENATED MODULE: ./node_modules/zod/v4/classic/parse.js


const classic_parse_parse = /* @__PURE__ */ _parse(ZodRealError);
const classic_parse_parseAsync = /* @__PURE__ */ _parseAsync(ZodRealError);
const parse_safeParse = /* @__PURE__ */ _safeParse(ZodRealError);
const parse_safeParseAsync = /* @__PURE__ */ _safeParseAsync(ZodRealError);

// Codec functions
const parse_encode = /* @__PURE__ */ _encode(ZodRealError);
const parse_decode = /* @__PURE__ */ _decode(ZodRealError);
const parse_encodeAsync = /* @__PURE__ */ _encodeAsync(ZodRealError);
const parse_decodeAsync = /* @__PURE__ */ _decodeAsync(ZodRealError);
const parse_safeEncode = /* @__PURE__ */ _safeEncode(ZodRealError);
const parse_safeDecode = /* @__PURE__ */ _safeDecode(ZodRealError);
const parse_safeEncodeAsync = /* @__PURE__ */ _safeEncodeAsync(ZodRealError);
const parse_safeDecodeAsync = /* @__PURE__ */ _safeDecodeAsync(ZodRealError);

;// CONCATENATED MODULE: ./node_modules/zod/v4/classic/schemas.js








// Register English as the default locale on first ZodType construction. Hooked into the `ZodType` `$constructor` (rather than a top-level `config(en())` in `external.ts`) so bundlers honoring `sideEffects: false` can't tree-shake it out — see #5953, #5725. An explicit `z.config(z.locales.xx())` call wins regardless of order, since this only sets the default when none is present.
function _ensureDefaultLocale() {
    if (!globalConfig.localeError)
        config(en());
}
// the default memoizer is read by the core container init, which runs before `ZodType.init`, so each container calls this first
function _ensureDefaultMemoizer() {
    if (!globalConfig.memoizer)
        config({ memoizer: memoizer() });
}
const ZodType = /*@__PURE__*/ $constructor("ZodType", (inst, def) => {
    _ensureDefaultLocale();
    $ZodType.init(inst, def);
    inst.def = def;
    inst.type = def.type;
    return inst;
}, {
    check(...chks) {
        const def = this.def;
        return this.clone(mergeDefs(def, {
            checks: [
                ...(def.checks ?? []),
                ...chks.map((ch) => typeof ch === "function" ? { _zod: { check: ch, def: { check: "custom" }, onattach: [] } } : ch),
            ],
        }), { parent: true });
    },
    with(...chks) {
        return this.check(...chks);
    },
    clone(def, params) {
        return clone(this, def, params);
    },
    brand() {
        return this;
    },
    register(reg, meta) {
        reg.add(this, meta);
        return this;
    },
    refine(check, params) {
        return this.check(refine(check, params));
    },
    superRefine(refinement, params) {
        return this.check(superRefine(refinement, params));
    },
    overwrite(fn) {
        return this.check(_overwrite(fn));
    },
    optional() {
        return optional(this);
    },
    exactOptional() {
        return exactOptional(this);
    },
    nullable() {
        return nullable(this);
    },
    nullish() {
        return optional(nullable(this));
    },
    nonoptional(params) {
        return nonoptional(this, params);
    },
    array() {
        return array(this);
    },
    or(arg) {
        return union([this, arg]);
    },
    and(arg) {
        return intersection(this, arg);
    },
    transform(tx) {
        return pipe(this, transform(tx));
    },
    default(d) {
        return schemas_default(this, d);
    },
    prefault(d) {
        return prefault(this, d);
    },
    catch(params) {
        return schemas_catch(this, params);
    },
    pipe(target) {
        return pipe(this, target);
    },
    readonly() {
        return readonly(this);
    },
    describe(description) {
        const cl = this.clone();
        globalRegistry.add(cl, { description });
        return cl;
    },
    meta(...args) {
        // overloaded: meta() returns the registered metadata, meta(data) returns a clone with `data` registered. The mapped type picks up the second overload, so we accept variadic any-args and return `any` to satisfy both at runtime.
        if (args.length === 0)
            return globalRegistry.get(this);
        const cl = this.clone();
        globalRegistry.add(cl, args[0]);
        return cl;
    },
    isOptional() {
        return this.safeParse(undefined).success;
    },
    isNullable() {
        return this.safeParse(null).success;
    },
    apply(fn, ...args) {
        return args.length === 0 ? fn(this) : fn(this, ...args);
    },
    // Overrides core's `~standard` to add `jsonSchema`. Must stay a prototype entry: redefining it per instance demotes instances to dictionary mode.
    get "~standard"() {
        return hide(this, "~standard", {
            ...standardProps(this),
            jsonSchema: {
                input: createStandardJSONSchemaMethod(this, "input"),
                output: createStandardJSONSchemaMethod(this, "output"),
            },
        });
    },
    set "~standard"(value) {
        own(this, "~standard", value);
    },
    parse: function _parse(data, params) {
        return classic_parse_parse(this, data, params, { callee: _parse });
    },
    parseAsync: async function _parseAsync(data, params) {
        return await classic_parse_parseAsync(this, data, params, { callee: _parseAsync });
    },
    safeParse(data, params) {
        return parse_safeParse(this, data, params);
    },
    async safeParseAsync(data, params) {
        return parse_safeParseAsync(this, data, params);
    },
    // `spa` is an alias: same function object as `safeParseAsync`, as before.
    get spa() {
        return this?.safeParseAsync;
    },
    set spa(value) {
        own(this, "spa", value);
    },
    validate(data, params) {
        return validate(this, data, params);
    },
    validateAsync(data, params) {
        return parse_validateAsync(this, data, params);
    },
    encode: function _encode(data, params) {
        return parse_encode(this, data, params, { callee: _encode });
    },
    decode: function _decode(data, params) {
        return parse_decode(this, data, params, { callee: _decode });
    },
    encodeAsync: async function _encodeAsync(data, params) {
        return await parse_encodeAsync(this, data, params, { callee: _encodeAsync });
    },
    decodeAsync: async function _decodeAsync(data, params) {
        return await parse_decodeAsync(this, data, params, { callee: _decodeAsync });
    },
    safeEncode(data, params) {
        return parse_safeEncode(this, data, params);
    },
    safeDecode(data, params) {
        return parse_safeDecode(this, data, params);
    },
    async safeEncodeAsync(data, params) {
        return parse_safeEncodeAsync(this, data, params);
    },
    async safeDecodeAsync(data, params) {
        return parse_safeDecodeAsync(this, data, params);
    },
    toJSONSchema(params) {
        return createToJSONSchemaMethod(this, {})(params);
    },
    // Reads through to the registry on every access, so it must not cache.
    get description() {
        return globalRegistry.get(this)?.description;
    },
    // No setter: `schema._def = x` throws, as it did when `_def` was a non-writable own property.
    get _def() {
        return this._zod.def;
    },
});
/** @internal */
const _ZodString = /*@__PURE__*/ $constructor("_ZodString", (inst, def) => {
    $ZodString.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => stringProcessor(inst, ctx, json, params);
}, 
/*@__PURE__*/ derived({
    format: (inst) => aggregateChecks(inst).format ?? null,
    minLength: (inst) => aggregateChecks(inst).minimum ?? null,
    maxLength: (inst) => aggregateChecks(inst).maximum ?? null,
}, {
    regex(...args) {
        return this.check(_regex(...args));
    },
    includes(...args) {
        return this.check(_includes(...args));
    },
    startsWith(...args) {
        return this.check(_startsWith(...args));
    },
    endsWith(...args) {
        return this.check(_endsWith(...args));
    },
    min(...args) {
        return this.check(_minLength(...args));
    },
    max(...args) {
        return this.check(_maxLength(...args));
    },
    length(...args) {
        return this.check(_length(...args));
    },
    nonempty(...args) {
        return this.check(_minLength(1, ...args));
    },
    lowercase(params) {
        return this.check(_lowercase(params));
    },
    uppercase(params) {
        return this.check(_uppercase(params));
    },
    trim() {
        return this.check(_trim());
    },
    normalize(...args) {
        return this.check(_normalize(...args));
    },
    toLowerCase() {
        return this.check(_toLowerCase());
    },
    toUpperCase() {
        return this.check(_toUpperCase());
    },
    slugify() {
        return this.check(_slugify());
    },
}));
const ZodString = /*@__PURE__*/ $constructor("ZodString", (inst, def) => {
    $ZodString.init(inst, def);
    _ZodString.init(inst, def);
}, {
    email(params) {
        return this.check(_email(ZodEmail, params));
    },
    url(params) {
        return this.check(_url(ZodURL, params));
    },
    jwt(params) {
        return this.check(_jwt(ZodJWT, params));
    },
    emoji(params) {
        return this.check(api_emoji(ZodEmoji, params));
    },
    guid(params) {
        return this.check(_guid(ZodGUID, params));
    },
    uuid(params) {
        return this.check(_uuid(ZodUUID, params));
    },
    uuidv4(params) {
        return this.check(_uuidv4(ZodUUID, params));
    },
    uuidv6(params) {
        return this.check(_uuidv6(ZodUUID, params));
    },
    uuidv7(params) {
        return this.check(_uuidv7(ZodUUID, params));
    },
    nanoid(params) {
        return this.check(_nanoid(ZodNanoID, params));
    },
    cuid(params) {
        return this.check(_cuid(ZodCUID, params));
    },
    cuid2(params) {
        return this.check(_cuid2(ZodCUID2, params));
    },
    ulid(params) {
        return this.check(_ulid(ZodULID, params));
    },
    base64(params) {
        return this.check(_base64(ZodBase64, params));
    },
    base64url(params) {
        return this.check(_base64url(ZodBase64URL, params));
    },
    xid(params) {
        return this.check(_xid(ZodXID, params));
    },
    ksuid(params) {
        return this.check(_ksuid(ZodKSUID, params));
    },
    ipv4(params) {
        return this.check(_ipv4(ZodIPv4, params));
    },
    ipv6(params) {
        return this.check(_ipv6(ZodIPv6, params));
    },
    cidrv4(params) {
        return this.check(_cidrv4(ZodCIDRv4, params));
    },
    cidrv6(params) {
        return this.check(_cidrv6(ZodCIDRv6, params));
    },
    e164(params) {
        return this.check(_e164(ZodE164, params));
    },
    datetime(params) {
        return this.check(_isoDateTime(ZodISODateTime, params));
    },
    date(params) {
        return this.check(_isoDate(ZodISODate, params));
    },
    time(params) {
        return this.check(_isoTime(ZodISOTime, params));
    },
    duration(params) {
        return this.check(_isoDuration(ZodISODuration, params));
    },
});
function schemas_string(params) {
    return _string(ZodString, params);
}
const ZodStringFormat = /*@__PURE__*/ $constructor("ZodStringFormat", (inst, def) => {
    $ZodStringFormat.init(inst, def);
    _ZodString.init(inst, def);
});
const ZodISODateTime = /*@__PURE__*/ $constructor("ZodISODateTime", (inst, def) => {
    $ZodISODateTime.init(inst, def);
    ZodStringFormat.init(inst, def);
});
const ZodISODate = /*@__PURE__*/ $constructor("ZodISODate", (inst, def) => {
    $ZodISODate.init(inst, def);
    ZodStringFormat.init(inst, def);
});
const ZodISOTime = /*@__PURE__*/ $constructor("ZodISOTime", (inst, def) => {
    $ZodISOTime.init(inst, def);
    ZodStringFormat.init(inst, def);
});
const ZodISODuration = /*@__PURE__*/ $constructor("ZodISODuration", (inst, def) => {
    $ZodISODuration.init(inst, def);
    ZodStringFormat.init(inst, def);
});
const ZodEmail = /*@__PURE__*/ $constructor("ZodEmail", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodEmail.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_email(params) {
    return core._email(ZodEmail, params);
}
const ZodGUID = /*@__PURE__*/ $constructor("ZodGUID", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodGUID.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_guid(params) {
    return core._guid(ZodGUID, params);
}
const ZodUUID = /*@__PURE__*/ $constructor("ZodUUID", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodUUID.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_uuid(params) {
    return core._uuid(ZodUUID, params);
}
function uuidv4(params) {
    return core._uuidv4(ZodUUID, params);
}
// ZodUUIDv6
function uuidv6(params) {
    return core._uuidv6(ZodUUID, params);
}
// ZodUUIDv7
function uuidv7(params) {
    return core._uuidv7(ZodUUID, params);
}
const ZodURL = /*@__PURE__*/ $constructor("ZodURL", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodURL.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function url(params) {
    return core._url(ZodURL, params);
}
function httpUrl(params) {
    return core._url(ZodURL, {
        protocol: regexes.httpProtocol,
        hostname: regexes.domain,
        ...util.normalizeParams(params),
    });
}
const ZodEmoji = /*@__PURE__*/ $constructor("ZodEmoji", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodEmoji.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_emoji(params) {
    return core._emoji(ZodEmoji, params);
}
const ZodNanoID = /*@__PURE__*/ $constructor("ZodNanoID", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodNanoID.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_nanoid(params) {
    return core._nanoid(ZodNanoID, params);
}
/**
 * @deprecated CUID v1 is deprecated by its authors due to information leakage
 * (timestamps embedded in the id). Use {@link ZodCUID2} instead.
 * See https://github.com/paralleldrive/cuid.
 */
const ZodCUID = /*@__PURE__*/ $constructor("ZodCUID", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodCUID.init(inst, def);
    ZodStringFormat.init(inst, def);
});
/**
 * Validates a CUID v1 string.
 *
 * @deprecated CUID v1 is deprecated by its authors due to information leakage
 * (timestamps embedded in the id). Use {@link cuid2 | `z.cuid2()`} instead.
 * See https://github.com/paralleldrive/cuid.
 */
function schemas_cuid(params) {
    return core._cuid(ZodCUID, params);
}
const ZodCUID2 = /*@__PURE__*/ $constructor("ZodCUID2", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodCUID2.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_cuid2(params) {
    return core._cuid2(ZodCUID2, params);
}
const ZodULID = /*@__PURE__*/ $constructor("ZodULID", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodULID.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_ulid(params) {
    return core._ulid(ZodULID, params);
}
const ZodXID = /*@__PURE__*/ $constructor("ZodXID", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodXID.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_xid(params) {
    return core._xid(ZodXID, params);
}
const ZodKSUID = /*@__PURE__*/ $constructor("ZodKSUID", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodKSUID.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_ksuid(params) {
    return core._ksuid(ZodKSUID, params);
}
const ZodIPv4 = /*@__PURE__*/ $constructor("ZodIPv4", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodIPv4.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_ipv4(params) {
    return core._ipv4(ZodIPv4, params);
}
const ZodMAC = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodMAC", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    core.$ZodMAC.init(inst, def);
    ZodStringFormat.init(inst, def);
})));
function schemas_mac(params) {
    return core._mac(ZodMAC, params);
}
const ZodIPv6 = /*@__PURE__*/ $constructor("ZodIPv6", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodIPv6.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_ipv6(params) {
    return core._ipv6(ZodIPv6, params);
}
const ZodCIDRv4 = /*@__PURE__*/ $constructor("ZodCIDRv4", (inst, def) => {
    $ZodCIDRv4.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_cidrv4(params) {
    return core._cidrv4(ZodCIDRv4, params);
}
const ZodCIDRv6 = /*@__PURE__*/ $constructor("ZodCIDRv6", (inst, def) => {
    $ZodCIDRv6.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_cidrv6(params) {
    return core._cidrv6(ZodCIDRv6, params);
}
const ZodBase64 = /*@__PURE__*/ $constructor("ZodBase64", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodBase64.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_base64(params) {
    return core._base64(ZodBase64, params);
}
const ZodBase64URL = /*@__PURE__*/ $constructor("ZodBase64URL", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodBase64URL.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_base64url(params) {
    return core._base64url(ZodBase64URL, params);
}
const ZodE164 = /*@__PURE__*/ $constructor("ZodE164", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodE164.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_e164(params) {
    return core._e164(ZodE164, params);
}
const ZodCreditCard = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodCreditCard", (inst, def) => {
    core.$ZodCreditCard.init(inst, def);
    ZodStringFormat.init(inst, def);
})));
function schemas_creditCard(params) {
    return core._creditCard(ZodCreditCard, params);
}
const ZodIBAN = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodIBAN", (inst, def) => {
    core.$ZodIBAN.init(inst, def);
    ZodStringFormat.init(inst, def);
})));
function schemas_iban(params) {
    return core._iban(ZodIBAN, params);
}
const ZodJWT = /*@__PURE__*/ $constructor("ZodJWT", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodJWT.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function jwt(params) {
    return core._jwt(ZodJWT, params);
}
const ZodCustomStringFormat = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodCustomStringFormat", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    core.$ZodCustomStringFormat.init(inst, def);
    ZodStringFormat.init(inst, def);
})));
function stringFormat(format, fnOrRegex, _params = {}) {
    return core._stringFormat(ZodCustomStringFormat, format, fnOrRegex, _params);
}
function schemas_hostname(_params) {
    return core._stringFormat(ZodCustomStringFormat, "hostname", regexes.hostname, _params);
}
function schemas_hex(_params) {
    return core._stringFormat(ZodCustomStringFormat, "hex", regexes.hex, _params);
}
function schemas_currencyCode(_params) {
    return core._stringFormat(ZodCustomStringFormat, "currency_code", regexes.currencyCode, _params);
}
function hash(alg, params) {
    const enc = params?.enc ?? "hex";
    const format = `${alg}_${enc}`;
    const regex = core.regexes[format];
    if (!regex)
        throw new Error(`Unrecognized hash format: ${format}`);
    return core._stringFormat(ZodCustomStringFormat, format, regex, params);
}
const ZodNumber = /*@__PURE__*/ $constructor("ZodNumber", (inst, def) => {
    $ZodNumber.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => numberProcessor(inst, ctx, json, params);
    inst.isFinite = true;
}, 
/*@__PURE__*/ derived({
    minValue: (inst) => {
        const { minimum, exclusiveMinimum } = aggregateChecks(inst);
        return Math.max(minimum ?? Number.NEGATIVE_INFINITY, exclusiveMinimum ?? Number.NEGATIVE_INFINITY);
    },
    maxValue: (inst) => {
        const { maximum, exclusiveMaximum } = aggregateChecks(inst);
        return Math.min(maximum ?? Number.POSITIVE_INFINITY, exclusiveMaximum ?? Number.POSITIVE_INFINITY);
    },
    isInt: (inst) => {
        const { isInt, multipleOf } = aggregateChecks(inst);
        return !!isInt || !!multipleOf?.some(Number.isSafeInteger);
    },
    format: (inst) => aggregateChecks(inst).format ?? null,
}, {
    gt(value, params) {
        return this.check(_gt(value, params));
    },
    gte(value, params) {
        return this.check(_gte(value, params));
    },
    min(value, params) {
        return this.check(_gte(value, params));
    },
    lt(value, params) {
        return this.check(_lt(value, params));
    },
    lte(value, params) {
        return this.check(_lte(value, params));
    },
    max(value, params) {
        return this.check(_lte(value, params));
    },
    int(params) {
        return this.check(schemas_int(params));
    },
    safe(params) {
        return this.check(schemas_int(params));
    },
    positive(params) {
        return this.check(_gt(0, params));
    },
    nonnegative(params) {
        return this.check(_gte(0, params));
    },
    negative(params) {
        return this.check(_lt(0, params));
    },
    nonpositive(params) {
        return this.check(_lte(0, params));
    },
    multipleOf(value, params) {
        return this.check(_multipleOf(value, params));
    },
    step(value, params) {
        return this.check(_multipleOf(value, params));
    },
    finite() {
        return this;
    },
}));
function schemas_number(params) {
    return _number(ZodNumber, params);
}
const ZodNumberFormat = /*@__PURE__*/ $constructor("ZodNumberFormat", (inst, def) => {
    $ZodNumberFormat.init(inst, def);
    ZodNumber.init(inst, def);
});
function schemas_int(params) {
    return _int(ZodNumberFormat, params);
}
function float32(params) {
    return core._float32(ZodNumberFormat, params);
}
function float64(params) {
    return core._float64(ZodNumberFormat, params);
}
function int32(params) {
    return core._int32(ZodNumberFormat, params);
}
function uint32(params) {
    return core._uint32(ZodNumberFormat, params);
}
const ZodBoolean = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodBoolean", (inst, def) => {
    core.$ZodBoolean.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.booleanProcessor(inst, ctx, json, params);
})));
function schemas_boolean(params) {
    return core._boolean(ZodBoolean, params);
}
const ZodBigInt = /*@__PURE__*/ $constructor("ZodBigInt", (inst, def) => {
    $ZodBigInt.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => bigintProcessor(inst, ctx, json, params);
}, 
/*@__PURE__*/ derived({
    minValue: (inst) => aggregateChecks(inst).minimum ?? null,
    maxValue: (inst) => aggregateChecks(inst).maximum ?? null,
    format: (inst) => aggregateChecks(inst).format ?? null,
}, {
    gte(value, params) {
        return this.check(_gte(value, params));
    },
    min(value, params) {
        return this.check(_gte(value, params));
    },
    gt(value, params) {
        return this.check(_gt(value, params));
    },
    lt(value, params) {
        return this.check(_lt(value, params));
    },
    lte(value, params) {
        return this.check(_lte(value, params));
    },
    max(value, params) {
        return this.check(_lte(value, params));
    },
    positive(params) {
        return this.check(_gt(BigInt(0), params));
    },
    negative(params) {
        return this.check(_lt(BigInt(0), params));
    },
    nonpositive(params) {
        return this.check(_lte(BigInt(0), params));
    },
    nonnegative(params) {
        return this.check(_gte(BigInt(0), params));
    },
    multipleOf(value, params) {
        return this.check(_multipleOf(value, params));
    },
}));
function schemas_bigint(params) {
    return core._bigint(ZodBigInt, params);
}
const ZodBigIntFormat = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodBigIntFormat", (inst, def) => {
    core.$ZodBigIntFormat.init(inst, def);
    ZodBigInt.init(inst, def);
})));
function int64(params) {
    return core._int64(ZodBigIntFormat, params);
}
function uint64(params) {
    return core._uint64(ZodBigIntFormat, params);
}
const ZodSymbol = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodSymbol", (inst, def) => {
    core.$ZodSymbol.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.symbolProcessor(inst, ctx, json, params);
})));
function symbol(params) {
    return core._symbol(ZodSymbol, params);
}
const ZodUndefined = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodUndefined", (inst, def) => {
    core.$ZodUndefined.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.undefinedProcessor(inst, ctx, json, params);
})));
function schemas_undefined(params) {
    return core._undefined(ZodUndefined, params);
}

const ZodNull = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodNull", (inst, def) => {
    core.$ZodNull.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.nullProcessor(inst, ctx, json, params);
})));
function schemas_null(params) {
    return core._null(ZodNull, params);
}

const ZodAny = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodAny", (inst, def) => {
    core.$ZodAny.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.anyProcessor(inst, ctx, json, params);
})));
function any() {
    return core._any(ZodAny);
}
const ZodUnknown = /*@__PURE__*/ $constructor("ZodUnknown", (inst, def) => {
    $ZodUnknown.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => unknownProcessor(inst, ctx, json, params);
});
function unknown() {
    return _unknown(ZodUnknown);
}
const ZodNever = /*@__PURE__*/ $constructor("ZodNever", (inst, def) => {
    $ZodNever.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => neverProcessor(inst, ctx, json, params);
});
function never(params) {
    return _never(ZodNever, params);
}
const ZodVoid = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodVoid", (inst, def) => {
    core.$ZodVoid.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.voidProcessor(inst, ctx, json, params);
})));
function schemas_void(params) {
    return core._void(ZodVoid, params);
}

const ZodDate = /*@__PURE__*/ $constructor("ZodDate", (inst, def) => {
    $ZodDate.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => dateProcessor(inst, ctx, json, params);
    inst.min = (value, params) => inst.check(_gte(value, params));
    inst.max = (value, params) => inst.check(_lte(value, params));
}, 
/*@__PURE__*/ derived({
    minDate: (inst) => {
        const { minimum } = aggregateChecks(inst);
        return minimum ? new Date(minimum) : null;
    },
    maxDate: (inst) => {
        const { maximum } = aggregateChecks(inst);
        return maximum ? new Date(maximum) : null;
    },
}, {}));
function schemas_date(params) {
    return core._date(ZodDate, params);
}
const ZodArray = /*@__PURE__*/ $constructor("ZodArray", (inst, def) => {
    _ensureDefaultMemoizer();
    $ZodArray.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => arrayProcessor(inst, ctx, json, params);
    inst.element = def.element;
}, {
    min(n, params) {
        return this.check(_minLength(n, params));
    },
    nonempty(params) {
        return this.check(_minLength(1, params));
    },
    max(n, params) {
        return this.check(_maxLength(n, params));
    },
    length(n, params) {
        return this.check(_length(n, params));
    },
    unwrap() {
        return this.element;
    },
});
function array(element, params) {
    return _array(ZodArray, element, params);
}
// .keyof
function keyof(schema) {
    const shape = schema._zod.def.shape;
    return schemas_enum(Object.keys(shape));
}
const ZodObject = /*@__PURE__*/ $constructor("ZodObject", (inst, def) => {
    _ensureDefaultMemoizer();
    $ZodObjectJIT.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => objectProcessor(inst, ctx, json, params);
    installLazyProp(inst, "shape", (self) => self._zod.def.shape, false);
}, {
    keyof() {
        return schemas_enum(Object.keys(this._zod.def.shape));
    },
    catchall(catchall) {
        // `mergeDefs` rather than a spread: spreading reads `shape`, and resolving it can mint a whole fresh subtree
        return this.clone(mergeDefs(this._zod.def, { catchall: catchall }));
    },
    passthrough() {
        return this.clone(mergeDefs(this._zod.def, { catchall: unknown() }));
    },
    loose() {
        return this.clone(mergeDefs(this._zod.def, { catchall: unknown() }));
    },
    strict() {
        return this.clone(mergeDefs(this._zod.def, { catchall: never() }));
    },
    strip() {
        return this.clone(mergeDefs(this._zod.def, { catchall: undefined }));
    },
    extend(incoming) {
        return extend(this, incoming);
    },
    safeExtend(incoming) {
        return safeExtend(this, incoming);
    },
    merge(other) {
        return merge(this, other);
    },
    pick(mask) {
        return pick(this, mask);
    },
    omit(mask) {
        return omit(this, mask);
    },
    partial(...args) {
        return partial(ZodOptional, this, args[0]);
    },
    exactPartial(...args) {
        return partial(ZodExactOptional, this, args[0], "exactPartial");
    },
    required(...args) {
        return required(ZodNonOptional, this, args[0]);
    },
});
function object(shape, params) {
    const def = {
        type: "object",
        shape: shape ?? {},
        ...normalizeParams(params),
    };
    return new ZodObject(def);
}
// strictObject
function strictObject(shape, params) {
    return new ZodObject({
        type: "object",
        shape,
        catchall: never(),
        ...normalizeParams(params),
    });
}
// looseObject
function looseObject(shape, params) {
    return new ZodObject({
        type: "object",
        shape,
        catchall: unknown(),
        ...util.normalizeParams(params),
    });
}
const ZodUnion = /*@__PURE__*/ $constructor("ZodUnion", (inst, def) => {
    $ZodUnion.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => unionProcessor(inst, ctx, json, params);
    inst.options = def.options;
});
function union(options, params) {
    return new ZodUnion({
        type: "union",
        options: options,
        ...normalizeParams(params),
    });
}
const ZodXor = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodXor", (inst, def) => {
    ZodUnion.init(inst, def);
    core.$ZodXor.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.unionProcessor(inst, ctx, json, params);
    inst.options = def.options;
})));
/** Creates an exclusive union (XOR) where exactly one option must match.
 * Unlike regular unions that succeed when any option matches, xor fails if
 * zero or more than one option matches the input. */
function xor(options, params) {
    return new ZodXor({
        type: "union",
        options: options,
        inclusive: false,
        ...util.normalizeParams(params),
    });
}
const ZodDiscriminatedUnion = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodDiscriminatedUnion", (inst, def) => {
    ZodUnion.init(inst, def);
    core.$ZodDiscriminatedUnion.init(inst, def);
})));
function discriminatedUnion(discriminator, options, params) {
    // const [options, params] = args;
    return new ZodDiscriminatedUnion({
        type: "union",
        options: options,
        discriminator,
        ...util.normalizeParams(params),
    });
}
const ZodIntersection = /*@__PURE__*/ $constructor("ZodIntersection", (inst, def) => {
    $ZodIntersection.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => intersectionProcessor(inst, ctx, json, params);
});
function intersection(left, right) {
    return new ZodIntersection({
        type: "intersection",
        left: left,
        right: right,
    });
}
const ZodTuple = /*@__PURE__*/ $constructor("ZodTuple", (inst, def) => {
    _ensureDefaultMemoizer();
    $ZodTuple.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => tupleProcessor(inst, ctx, json, params);
}, {
    rest(rest) {
        return this.clone({
            ...this._zod.def,
            rest: rest,
        });
    },
    partial() {
        const def = this._zod.def;
        // a refinement was authored against the full arity; partialing would run it on a shorter array
        if (def.checks?.length)
            throw new Error(".partial() cannot be used on tuple schemas containing refinements");
        return this.clone({
            ...def,
            items: def.items.map((item) => new ZodOptional({ type: "optional", innerType: item })),
        });
    },
});
function tuple(items, _paramsOrRest, _params) {
    const hasRest = _paramsOrRest instanceof core.$ZodType;
    const params = hasRest ? _params : _paramsOrRest;
    const rest = hasRest ? _paramsOrRest : null;
    return new ZodTuple({
        type: "tuple",
        items: items,
        rest,
        ...util.normalizeParams(params),
    });
}
const ZodRecord = /*@__PURE__*/ $constructor("ZodRecord", (inst, def) => {
    _ensureDefaultMemoizer();
    $ZodRecord.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => recordProcessor(inst, ctx, json, params);
    inst.keyType = def.keyType;
    inst.valueType = def.valueType;
});
function record(keyType, valueType, params) {
    // v3-compat: z.record(valueType, params?) — defaults keyType to z.string()
    if (!valueType || !valueType._zod) {
        return new ZodRecord({
            type: "record",
            keyType: schemas_string(),
            valueType: keyType,
            ...normalizeParams(valueType),
        });
    }
    return new ZodRecord({
        type: "record",
        keyType,
        valueType: valueType,
        ...normalizeParams(params),
    });
}
// type alksjf = core.output<core.$ZodRecordKey>;
function partialRecord(keyType, valueType, params) {
    return new ZodRecord({
        type: "record",
        keyType,
        valueType: valueType,
        ...util.normalizeParams(params),
        partial: true,
    });
}
function looseRecord(keyType, valueType, params) {
    return new ZodRecord({
        type: "record",
        keyType,
        valueType: valueType,
        mode: "loose",
        ...util.normalizeParams(params),
    });
}
const ZodMap = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodMap", (inst, def) => {
    _ensureDefaultMemoizer();
    core.$ZodMap.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.mapProcessor(inst, ctx, json, params);
    inst.keyType = def.keyType;
    inst.valueType = def.valueType;
    inst.min = (...args) => inst.check(core._minSize(...args));
    inst.nonempty = (params) => inst.check(core._minSize(1, params));
    inst.max = (...args) => inst.check(core._maxSize(...args));
    inst.size = (...args) => inst.check(core._size(...args));
})));
function map(keyType, valueType, params) {
    return new ZodMap({
        type: "map",
        keyType: keyType,
        valueType: valueType,
        ...util.normalizeParams(params),
    });
}
const ZodSet = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodSet", (inst, def) => {
    _ensureDefaultMemoizer();
    core.$ZodSet.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.setProcessor(inst, ctx, json, params);
    inst.min = (...args) => inst.check(core._minSize(...args));
    inst.nonempty = (params) => inst.check(core._minSize(1, params));
    inst.max = (...args) => inst.check(core._maxSize(...args));
    inst.size = (...args) => inst.check(core._size(...args));
})));
function set(valueType, params) {
    return new ZodSet({
        type: "set",
        valueType: valueType,
        ...util.normalizeParams(params),
    });
}
const ZodEnum = /*@__PURE__*/ $constructor("ZodEnum", (inst, def) => {
    $ZodEnum.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => enumProcessor(inst, ctx, json, params);
    inst.enum = def.entries;
    // reuse the parsed value set so a numeric TS enum's reverse-mapping keys stay out
    inst.options = [...inst._zod.values];
    const keys = new Set(Object.keys(def.entries));
    inst.extract = (values, params) => {
        const newEntries = {};
        for (const value of values) {
            if (keys.has(value)) {
                newEntries[value] = def.entries[value];
            }
            else
                throw new Error(`Key ${value} not found in enum`);
        }
        return new ZodEnum({
            ...def,
            checks: [],
            ...normalizeParams(params),
            entries: newEntries,
        });
    };
    inst.exclude = (values, params) => {
        const newEntries = { ...def.entries };
        for (const value of values) {
            if (keys.has(value)) {
                delete newEntries[value];
            }
            else
                throw new Error(`Key ${value} not found in enum`);
        }
        return new ZodEnum({
            ...def,
            checks: [],
            ...normalizeParams(params),
            entries: newEntries,
        });
    };
});
function schemas_enum(values, params) {
    const entries = Array.isArray(values) ? Object.fromEntries(values.map((v) => [v, v])) : values;
    return new ZodEnum({
        type: "enum",
        entries,
        ...normalizeParams(params),
    });
}

/** @deprecated This API has been merged into `z.enum()`. Use `z.enum()` instead.
 *
 * ```ts
 * enum Colors { red, green, blue }
 * z.enum(Colors);
 * ```
 */
function nativeEnum(entries, params) {
    return new ZodEnum({
        type: "enum",
        entries,
        ...util.normalizeParams(params),
    });
}
const ZodLiteral = /*@__PURE__*/ $constructor("ZodLiteral", (inst, def) => {
    $ZodLiteral.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => literalProcessor(inst, ctx, json, params);
    inst.values = new Set(def.values);
    Object.defineProperty(inst, "value", {
        get() {
            if (def.values.length > 1) {
                throw new Error("This schema contains multiple valid literal values. Use `.values` instead.");
            }
            return def.values[0];
        },
    });
});
function literal(value, params) {
    return new ZodLiteral({
        type: "literal",
        values: Array.isArray(value) ? value : [value],
        ...normalizeParams(params),
    });
}
const ZodFile = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodFile", (inst, def) => {
    core.$ZodFile.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.fileProcessor(inst, ctx, json, params);
    inst.min = (size, params) => inst.check(core._minSize(size, params));
    inst.max = (size, params) => inst.check(core._maxSize(size, params));
    inst.mime = (types, params) => inst.check(core._mime(Array.isArray(types) ? types : [types], params));
})));
function file(params) {
    return core._file(ZodFile, params);
}
const ZodTransform = /*@__PURE__*/ $constructor("ZodTransform", (inst, def) => {
    _ensureDefaultMemoizer();
    $ZodTransform.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => transformProcessor(inst, ctx, json, params);
    inst._zod.parse = (payload, _ctx) => {
        if (_ctx.direction === "backward") {
            throw new $ZodEncodeError(inst.constructor.name);
        }
        payload.addIssue = (issue) => {
            if (typeof issue === "string") {
                payload.issues.push(util_issue(issue, payload.value, def));
            }
            else {
                // for Zod 3 backwards compatibility
                const _issue = issue;
                if (_issue.fatal)
                    _issue.continue = false;
                _issue.code ?? (_issue.code = "custom");
                if (!("input" in _issue))
                    _issue.input = payload.value;
                _issue.inst ?? (_issue.inst = inst);
                // _issue.continue ??= true;
                payload.issues.push(util_issue(_issue));
            }
        };
        const output = def.transform(payload.value, payload);
        if (output instanceof Promise) {
            return output.then((output) => {
                payload.value = output;
                return payload;
            });
        }
        payload.value = output;
        return payload;
    };
});
function transform(fn) {
    return new ZodTransform({
        type: "transform",
        transform: fn,
    });
}
const ZodOptional = /*@__PURE__*/ $constructor("ZodOptional", (inst, def) => {
    $ZodOptional.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => optionalProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
});
function optional(innerType) {
    return new ZodOptional({
        type: "optional",
        innerType: innerType,
    });
}
const ZodExactOptional = /*@__PURE__*/ $constructor("ZodExactOptional", (inst, def) => {
    $ZodExactOptional.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => optionalProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
});
function exactOptional(innerType) {
    return new ZodExactOptional({
        type: "optional",
        innerType: innerType,
    });
}
const ZodNullable = /*@__PURE__*/ $constructor("ZodNullable", (inst, def) => {
    $ZodNullable.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => nullableProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
});
function nullable(innerType) {
    return new ZodNullable({
        type: "nullable",
        innerType: innerType,
    });
}
// nullish
function schemas_nullish(innerType) {
    return optional(nullable(innerType));
}
const ZodDefault = /*@__PURE__*/ $constructor("ZodDefault", (inst, def) => {
    $ZodDefault.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => defaultProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
    inst.removeDefault = inst.unwrap;
});
function schemas_default(innerType, defaultValue) {
    return new ZodDefault({
        type: "default",
        innerType: innerType,
        get defaultValue() {
            return typeof defaultValue === "function" ? defaultValue() : shallowClone(defaultValue);
        },
    });
}
const ZodPrefault = /*@__PURE__*/ $constructor("ZodPrefault", (inst, def) => {
    $ZodPrefault.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => prefaultProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
});
function prefault(innerType, defaultValue) {
    return new ZodPrefault({
        type: "prefault",
        innerType: innerType,
        get defaultValue() {
            return typeof defaultValue === "function" ? defaultValue() : shallowClone(defaultValue);
        },
    });
}
const ZodNonOptional = /*@__PURE__*/ $constructor("ZodNonOptional", (inst, def) => {
    $ZodNonOptional.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => nonoptionalProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
});
function nonoptional(innerType, params) {
    return new ZodNonOptional({
        type: "nonoptional",
        innerType: innerType,
        ...normalizeParams(params),
    });
}
const ZodSuccess = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodSuccess", (inst, def) => {
    core.$ZodSuccess.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.successProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
})));
function success(innerType) {
    return new ZodSuccess({
        type: "success",
        innerType: innerType,
    });
}
const ZodCatch = /*@__PURE__*/ $constructor("ZodCatch", (inst, def) => {
    $ZodCatch.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => catchProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
    inst.removeCatch = inst.unwrap;
});
function schemas_catch(innerType, catchValue) {
    return new ZodCatch({
        type: "catch",
        innerType: innerType,
        catchValue: (typeof catchValue === "function" ? catchValue : constantCatch(catchValue)),
    });
}

const ZodNaN = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodNaN", (inst, def) => {
    core.$ZodNaN.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.nanProcessor(inst, ctx, json, params);
})));
function nan(params) {
    return core._nan(ZodNaN, params);
}
const ZodPipe = /*@__PURE__*/ $constructor("ZodPipe", (inst, def) => {
    $ZodPipe.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => pipeProcessor(inst, ctx, json, params);
    inst.in = def.in;
    inst.out = def.out;
});
function pipe(in_, out) {
    return new ZodPipe({
        type: "pipe",
        in: in_,
        out: out,
        // ...util.normalizeParams(params),
    });
}
const ZodCodec = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodCodec", (inst, def) => {
    ZodPipe.init(inst, def);
    core.$ZodCodec.init(inst, def);
})));
function codec(in_, out, params) {
    return new ZodCodec({
        type: "pipe",
        in: in_,
        out: out,
        transform: params.decode,
        reverseTransform: params.encode,
    });
}
function invertCodec(codec) {
    const def = codec._zod.def;
    return new ZodCodec({
        type: "pipe",
        in: def.out,
        out: def.in,
        transform: def.reverseTransform,
        reverseTransform: def.transform,
    });
}
const ZodPreprocess = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodPreprocess", (inst, def) => {
    ZodPipe.init(inst, def);
    core.$ZodPreprocess.init(inst, def);
})));
const ZodReadonly = /*@__PURE__*/ $constructor("ZodReadonly", (inst, def) => {
    $ZodReadonly.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => readonlyProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
});
function readonly(innerType) {
    return new ZodReadonly({
        type: "readonly",
        innerType: innerType,
    });
}
const ZodTemplateLiteral = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodTemplateLiteral", (inst, def) => {
    core.$ZodTemplateLiteral.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.templateLiteralProcessor(inst, ctx, json, params);
})));
function templateLiteral(parts, params) {
    return new ZodTemplateLiteral({
        type: "template_literal",
        parts,
        ...util.normalizeParams(params),
    });
}
const ZodLazy = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodLazy", (inst, def) => {
    core.$ZodLazy.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.lazyProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.getter();
})));
function lazy(getter) {
    return new ZodLazy({
        type: "lazy",
        getter: getter,
    });
}
const ZodPromise = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodPromise", (inst, def) => {
    core.$ZodPromise.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.promiseProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
})));
function promise(innerType) {
    return new ZodPromise({
        type: "promise",
        innerType: innerType,
    });
}
const ZodFunction = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodFunction", (inst, def) => {
    core.$ZodFunction.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.functionProcessor(inst, ctx, json, params);
})));
function _function(params) {
    return new ZodFunction({
        type: "function",
        input: Array.isArray(params?.input) ? tuple(params?.input) : (params?.input ?? array(unknown())),
        output: params?.output ?? unknown(),
    });
}

const ZodCustom = /*@__PURE__*/ $constructor("ZodCustom", (inst, def) => {
    $ZodCustom.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => customProcessor(inst, ctx, json, params);
});
// custom checks
function check(fn) {
    const ch = new core.$ZodCheck({
        check: "custom",
        // ...util.normalizeParams(params),
    });
    ch._zod.check = fn;
    return ch;
}
function custom(fn, _params) {
    return core._custom(ZodCustom, fn ?? (() => true), _params);
}
function refine(fn, _params = {}) {
    return _refine(ZodCustom, fn, _params);
}
// superRefine
function superRefine(fn, params) {
    return _superRefine(fn, params);
}
// Re-export describe and meta from core
const schemas_describe = describe;
const schemas_meta = meta;
const ZodInstanceOf = /*@__PURE__*/ $constructor("ZodInstanceOf", (inst, def) => {
    ZodCustom.init(inst, def);
}, {
    properties(shape, params) {
        // asserts in place, so the narrowed output type is truthful without a wrapper
        return this.check(_properties(shape, params));
    },
});
function _instanceof(cls, params = {}) {
    const inst = new ZodInstanceOf({
        type: "custom",
        check: "custom",
        fn: (data) => data instanceof cls,
        abort: true,
        ...util.normalizeParams(params),
    });
    inst._zod.bag.Class = cls;
    // Override check to emit invalid_type instead of custom
    inst._zod.check = (payload) => {
        if (!(payload.value instanceof cls)) {
            payload.issues.push({
                code: "invalid_type",
                expected: cls.name,
                input: payload.value,
                inst,
                path: [...(inst._zod.def.path ?? [])],
            });
        }
    };
    return inst;
}

// stringbool
const stringbool = (...args) => core._stringbool({
    Codec: ZodCodec,
    Boolean: ZodBoolean,
    String: ZodString,
}, ...args);
function json(params) {
    const jsonSchema = lazy(() => {
        return union([schemas_string(params), schemas_number(), schemas_boolean(), schemas_null(), array(jsonSchema), record(schemas_string(), jsonSchema)]);
    });
    return jsonSchema;
}
// preprocess
function preprocess(fn, schema) {
    return new ZodPreprocess({
        type: "pipe",
        in: transform(fn),
        out: schema,
    });
}

;// CONCATENATED MODULE: ./src/http/service-error.ts


/**
 * Reads an error response in any known format, including HTML, whose text is the message unless `hidesText` is set.
 *
 * @returns the unredacted error code, only for comparisons, for example `DBS.200543`; as the message HTTP status, error
 * code, message, and request ID, as far as the response contains them; and whether it contains a code or a message
 */
function readServiceError(response, secrets, hidesText = false) {
    const json = parseError(response.body);
    const codes = findAll(json, CODES);
    // Some errors contain the status beside the code, or around it.
    const code = codes.find((each) => each !== `${response.status}`) ?? codes[0];
    const [message] = findAll(json, MESSAGES);
    const { 'x-request-id': id, 'x-iam-trace-id': traceId } = response.headers;
    const requestId = textOrNumber.parse(id) ?? textOrNumber.parse(traceId) ?? findAll(json, ['requestid'])[0];
    const isUnknown = !hidesText && message === undefined && (code === undefined || hasMore(json));
    const shown = isUnknown ? readableText(response, secrets) : message && secrets.text(message);
    return {
        code,
        hasReason: code !== undefined || message !== undefined,
        message: [
            `HTTP ${response.status}`,
            ...(code === undefined ? [] : phrase ` ${secrets.text(code)}`),
            ...(shown === undefined ? [] : phrase ` “${shown}”`),
            ...(requestId === undefined ? [] : phrase ` (request ID ${secrets.text(requestId)})`),
        ],
    };
}
/** Returns the value of a JSON text; undefined if it is not JSON. */
function parseJson(body) {
    try {
        return JSON.parse(body);
    }
    catch {
        return undefined;
    }
}
/** Returns the readable text of a body: that of a web page, or compact JSON; undefined if empty. */
function readableText({ body }, secrets) {
    const json = parseJson(body);
    const isShown = isObject(json) && Object.keys(json).length > 0;
    // JSON is redacted value by value, because a value may contain an escaped secret.
    const text = isShown ? secrets.jsonText(json) : secrets.text(isObject(json) ? '' : body, withoutMarkup);
    return text.equals(secrets.text('')) ? undefined : text;
}
/** A script or style without an end tag ends with the body, so that the search does not begin again. */
function withoutMarkup(body) {
    return body
        .replace(/<(script|style)\b[^]*?(<\/\1\s*>|$)/gi, ' ')
        .replace(/<[^<>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim();
}
/** Some gateways encode the JSON of a service once more. */
function parseError(body) {
    const json = parseJson(body);
    return typeof json === 'string' ? parseJson(json) : json;
}
/**
 * Of the service, of the API gateway, of older and newer services, and of IAM. Without underscores and in lower case, as
 * services write them differently.
 */
const CODES = ['errorcode', 'errcode', 'code'];
const MESSAGES = ['errormsg', 'errmsg', 'errormessage', 'externalmessage', 'message', 'msg', 'title'];
const nameOf = (field) => field.replaceAll('_', '').toLowerCase();
/** Finds the fields with one of the names in a JSON object, and one level below: `{"badRequest":{"code":…}}`. */
function findAll(json, names) {
    if (!isObject(json))
        return [];
    const levels = [json, ...Object.values(json).flat().filter(isObject)];
    return levels.flatMap((level) => {
        const fields = new Map(Object.entries(level).map(([field, value]) => [nameOf(field), value]));
        return names.flatMap((name) => textOrNumber.parse(fields.get(name))?.trim() ?? []);
    });
}
/** Whether an error has fields beside its code. */
function hasMore(json) {
    const known = [...CODES, 'requestid'];
    return isObject(json) && Object.keys(json).some((field) => !known.includes(nameOf(field)));
}
function isObject(json) {
    return typeof json === 'object' && json !== null && !Array.isArray(json);
}
/** A text that is not empty, or a number as text; otherwise undefined. */
const textOrNumber = union([schemas_string().min(1), schemas_number().transform(String)])
    .optional()
    .catch(undefined);

;// CONCATENATED MODULE: ./src/http/fault.ts




/** Classifies an exchange that did not succeed. */
function faultOf(result, context) {
    const { secrets, wallClock, hidesText } = context;
    if (result.kind === 'no-response')
        return networkFault(result, secrets);
    const { status, headers } = result;
    const label = `${status}`;
    if (status < 400) {
        const target = headers.location === undefined ? [] : phrase ` to ${secrets.text(headers.location)}`;
        return rejected('redirect', { label, message: phrase `HTTP ${status}${target}` });
    }
    const { code, message } = readServiceError(result, secrets, hidesText);
    const detail = { label, message, hint: HINTS[status] };
    if (isTransient(status)) {
        const throttled = status === 429 && { throttled: { period: readThrottlePeriod(result.body) } };
        return { kind: 'transient', retryAfter: readRetryAfter(headers, wallClock()), ...throttled, detail };
    }
    // "Invalid token.": the documented fix is a new token, as after a 401. Source: TaurusDB API Reference, "Error Codes".
    if (status === 403 && code === 'DBS.280056')
        return rejected('credentials', detail);
    const clock = status === 401 ? clockDifference(headers, wallClock()) : [];
    return rejected(REJECTION_REASONS[status] ?? 'request', { ...detail, message: [...message, ...clock] });
}
const REJECTION_REASONS = {
    401: 'credentials',
    403: 'permission',
    407: 'proxy',
};
function rejected(reason, detail) {
    const isForAll = reason === 'credentials' || reason === 'endpoint';
    return { kind: 'rejected', reason, scope: isForAll ? 'all' : 'job', detail };
}
function isTransient(status) {
    return status === 408 || status === 418 || status === 429 || status >= 500;
}
const TOO_LARGE = 'The token or another header is too large for the gateway. Get a smaller token: IAM leaves out the service catalog with the parameter nocatalog, or use an access key or GitHub OIDC.';
/** 418 is what CloudWAF returns; 494 is the status of nginx for 431. */
const HINTS = {
    418: 'HTTP 418 comes from a web application firewall in front of the endpoint. Check whether it blocks this runner, and whether the endpoint is the host of the API.',
    431: TOO_LARGE,
    494: TOO_LARGE,
};
/** They are as helpful for another service. */
const GATEWAY_HINTS = new Set(Object.values(HINTS));
/**
 * Reads the period in milliseconds from the body of a 429. Source: a response of Huawei Cloud's API gateway,
 * APIGW.0308: `policy user over ratelimit,limit:200,time:5 minute`.
 */
function readThrottlePeriod(body) {
    const [, count = '', unit = ''] = /\btime:\s?(\d{1,4})\s?(second|minute|hour)\b/.exec(body) ?? [];
    const period = parseDuration(`${count}${unit.charAt(0)}`) ?? 0;
    return period > 0 && period <= HOUR ? period : undefined;
}
/** A difference above this is not network delay. The service accepts a signature within 15 minutes of its clock. */
const MIN_CLOCK_DIFFERENCE = 5 * MINUTE;
function clockDifference(headers, now) {
    const behind = readClockOffset(headers, now);
    if (Math.abs(behind) <= MIN_CLOCK_DIFFERENCE)
        return [];
    const direction = behind > 0 ? 'behind' : 'ahead of';
    return phrase `; this runner's clock is ${formatDuration(Math.abs(behind))} ${direction} the service's clock`;
}
function networkFault(failure, secrets) {
    const { reason, phase, proxyStatus, code = 'no details' } = failure;
    const { failed, timedOut, label, hint } = PHASES[phase];
    if (reason === 'timeout' || reason === 'aborted') {
        const detail = { label: `${label} (timeout)`, message: [timedOut], hint };
        return { kind: 'transient', retryAfter: undefined, detail };
    }
    const message = phrase `${failed}: “${secrets.text(failure.message || code)}”`;
    if (reason === 'certificate')
        return rejected('certificate', { label: 'untrusted certificate', message });
    if (reason !== 'network')
        return rejected('endpoint', { label, message, hint: WRONG_ENDPOINT[reason] });
    if (proxyStatus !== undefined && !isTransient(proxyStatus))
        return rejected('proxy', { label, message });
    return { kind: 'transient', retryAfter: undefined, detail: { label, message, hint } };
}
const WRONG_ENDPOINT = {
    'unknown-host': 'Check the spelling of the endpoint and of the proxy. Names in a private DNS zone are known only inside its VPC.',
    'no-tls': 'Check the port, also that of https_proxy: it must use TLS. For plain HTTP, write http://.',
};
const PHASES = {
    connect: {
        failed: 'connection failed',
        timedOut: 'timed out while connecting',
        label: 'no connection',
        hint: 'Check the endpoint and whether this runner can reach it: firewall, VPC, https_proxy, and no_proxy.',
    },
    proxy: {
        failed: 'connection through the proxy failed',
        timedOut: 'timed out while connecting through the proxy',
        label: 'no proxy connection',
        hint: 'Check https_proxy and no_proxy, and whether the proxy allows connections to the endpoint.',
    },
    tls: {
        failed: 'TLS handshake failed',
        timedOut: 'timed out during the TLS handshake',
        label: 'no TLS',
        hint: 'Check that the endpoint uses TLS on this port. For a private CA, set NODE_EXTRA_CA_CERTS to its certificate file.',
    },
    headers: {
        failed: 'connection lost before the response',
        timedOut: 'timed out while waiting for the response',
        label: 'no response',
        hint: 'Check the endpoint and any proxy, gateway, or VPN between it and this runner.',
    },
    body: {
        failed: 'connection lost during the response',
        timedOut: 'timed out while reading the response',
        label: 'incomplete response',
        hint: 'Check any proxy, gateway, or VPN between the endpoint and this runner.',
    },
};

;// CONCATENATED MODULE: ./src/api/get.ts



/**
 * Sends one signed GET request. It never rejects.
 *
 * @param resource path and query below the project
 * @param read parses the result of the exchange
 */
async function get(api, resource, read, signal) {
    const project = await api.getProject(signal);
    if (project.kind !== 'project')
        return project;
    const url = `${api.endpoint}/v3/${project.id}/${resource}`;
    return send(api, url, { 'X-Language': api.language }, project.id, read, signal);
}
/** As {@link get}, for any URL; `projectId` is undefined for requests outside of a project. */
async function send({ credentials, exchange }, url, headers, projectId, read, signal) {
    const request = {
        method: 'GET',
        url,
        headers: { Accept: 'application/json', ...headers },
        body: '',
    };
    const signed = await credentials.sign(request, projectId, signal);
    if (signed.kind !== 'signed')
        return signed;
    const response = read(await exchange(signed.request, signal));
    return response.kind === 'rejected' && response.reason === 'credentials'
        ? signed.rejected(response)
        : response;
}
/**
 * Parses the JSON of a 200 response.
 *
 * @param what names the expected content, with an article
 */
function get_parse(result, schema, what, context) {
    if (result.kind === 'no-response' || result.status >= 300)
        return faultOf(result, context);
    const { status, body, bodyError } = result;
    const label = what.replace(/^an? /, 'no ');
    if (status !== 200)
        return unusable(label, phrase `HTTP ${status}`);
    if (bodyError !== undefined)
        return unusable(label, phrase `HTTP 200 with a body that ${bodyError}`);
    const { data } = schema.safeParse(parseJson(body));
    if (data !== undefined)
        return { kind: 'parsed', data };
    const { hasReason, message } = readServiceError(result, context.secrets);
    return unusable(label, hasReason ? message : phrase `HTTP 200 without ${what}`);
}
function unusable(label, message) {
    return { kind: 'unusable', detail: { label, message } };
}
function notFoundYet(label, message) {
    return { kind: 'not-found-yet', detail: { label, message } };
}
/** Whether a response means that nothing has the ID: a 404 with a gateway code is about the path. */
function isUnknown(result, { secrets }) {
    if (result.kind === 'no-response')
        return false;
    const { code = '' } = readServiceError(result, secrets);
    // "The job does not exist."
    if (result.status === 400 || result.status === 200)
        return code === 'DBS.200543';
    return result.status === 404 && !/^APIGW?\./.test(code);
}

;// CONCATENATED MODULE: external "node:net"
const external_node_net_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:net");
;// CONCATENATED MODULE: ./src/address.ts

/** Parses `host:port` or `[IPv6 address]:port`; undefined if the text is neither. */
function parseAddress(text) {
    const [, ip, name, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]{1,253})):(\d{1,5})$/i.exec(text) ?? [];
    const [host, number] = [name ?? (ip !== undefined && (0,external_node_net_namespaceObject.isIPv6)(ip) ? ip : undefined), Number(port)];
    return host !== undefined && number >= 1 && number <= 65_535 ? { host, port: number } : undefined;
}
function formatAddress({ host, port }) {
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

;// CONCATENATED MODULE: external "node:util"
const external_node_util_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:util");
;// CONCATENATED MODULE: ./src/secrets.ts


/** Replaces a secret, and looks like the runner's own mask. */
const REDACTED = '***';
/** Limit for one output. Untrusted text is truncated to it. */
const MAX_TEXT_BYTES = 16_000;
/** JSON nested deeper than this is dropped, because walking it could exhaust the stack. */
const MAX_JSON_DEPTH = 100;
/**
 * The secrets of this process. Registering one masks it in the runner's log. All untrusted text enters the action
 * through {@link Secrets.text} or {@link Secrets.json}, which redact it, so no report depends on the runner's mask.
 */
class Secrets {
    #mask;
    #registrations = new Set();
    /** How a service may echo them. Longest first, so that a form that contains another one is replaced as a whole. */
    #forms = [];
    /** @param mask makes the runner mask a value (`core.setSecret`) */
    constructor(mask) {
        this.#mask = mask;
    }
    /**
     * Registers secrets and their forms. Call it before they are used.
     *
     * @returns undoes this registration when the secrets have expired, so that a long wait does not slow down
     */
    add(...secrets) {
        const forms = secrets.filter((secret) => secret !== '').flatMap(formsOf);
        for (const form of new Set(forms))
            if (!this.#forms.includes(form))
                this.#mask(form);
        this.#registrations.add(forms);
        this.#updateForms();
        return () => {
            this.#registrations.delete(forms);
            this.#updateForms();
        };
    }
    #updateForms() {
        const forms = new Set([...this.#registrations].flat());
        this.#forms = [...forms].sort((a, b) => b.length - a.length);
    }
    /**
     * Redacts a text, then truncates it. In the other order, a part of a secret could remain.
     *
     * @param transform applied between the two steps
     */
    text(raw, transform = (redacted) => redacted) {
        return new UntrustedText(truncate(transform(this.#redact(raw)), MAX_TEXT_BYTES));
    }
    /** Redacts the message of anything that was thrown. */
    error(thrown) {
        if (thrown instanceof Error)
            return this.text(thrown.message || thrown.name);
        return this.text(typeof thrown === 'string' ? thrown : (0,external_node_util_namespaceObject.inspect)(thrown));
    }
    /**
     * Redacts a JSON value.
     *
     * @returns compact JSON; undefined if it has more than `maxBytes` of UTF-8 or is nested too deeply
     */
    json(raw, maxBytes) {
        const text = this.#compactJson(raw);
        return text === undefined || Buffer.byteLength(text) > maxBytes ? undefined : new UntrustedText(text);
    }
    /** Redacts a JSON value of any size; the result is compact JSON, truncated. */
    jsonText(raw) {
        return new UntrustedText(truncate(this.#compactJson(raw) ?? '', MAX_TEXT_BYTES));
    }
    #redact(raw) {
        // NUL could split a secret in two, and ends a text for some readers.
        const withoutNul = raw.replaceAll('\0', '');
        const unsigned = withoutNul.replace(SIGNATURE, `$1${REDACTED}`);
        const text = redactRanges(unsigned, occurrences(unsigned, this.#forms));
        return ESCAPES.reduce((redacted, escape) => this.#redactEscaped(redacted, escape), text).toWellFormed();
    }
    /** Redacts secrets in which some characters are escaped. */
    #redactEscaped(text, escape) {
        if (this.#forms.length === 0 || text.search(escape) < 0)
            return text;
        const { unescaped, offsets } = unescapeAll(text, escape);
        return redactRanges(text, occurrences(unescaped, this.#forms), (at) => offsets[at] ?? at);
    }
    #compactJson(raw) {
        return JSON.stringify(this.#redactJson(raw, MAX_JSON_DEPTH));
    }
    #redactJson(raw, maxDepth) {
        if (typeof raw === 'string')
            return this.#redact(raw);
        if (typeof raw !== 'object' || raw === null)
            return raw;
        if (maxDepth === 0)
            return undefined;
        const entries = Object.entries(raw).map(([key, value]) => {
            return [this.#redact(key), this.#redactJson(value, maxDepth - 1)];
        });
        if (entries.some(([, value]) => value === undefined))
            return undefined;
        return Array.isArray(raw) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
    }
}
/** The signature of a request that a service echoes: it stays valid for 15 minutes. */
const SIGNATURE = /(Signature=)[\da-f]{64}/gi;
/**
 * Truncates a text to a number of bytes of UTF-8 without cutting a character. The result is a copy, because a slice
 * would keep the whole text in memory.
 */
function truncate(text, maxBytes) {
    const buffer = Buffer.alloc(Math.min(maxBytes, text.length * 3));
    const { written } = new TextEncoder().encodeInto(text, buffer);
    return buffer.toString('utf8', 0, written);
}
/** Escapes of URLs, HTML, and JSON: each alone, because a secret may contain those of another, then all together. */
const ESCAPE_SOURCES = [
    String.raw `%(?<percent>[\da-f]{2})`,
    String.raw `&#x0*(?<hex>[\da-f]{1,4});|&#0*(?<decimal>\d{1,5});|&(?<name>amp|lt|gt|quot|apos);`,
    String.raw `\\u(?<unicode>[\da-f]{4})|\\(?<sign>["\\/])`,
];
const ESCAPES = [...ESCAPE_SOURCES, ESCAPE_SOURCES.join('|')].map((source) => new RegExp(source, 'gi'));
/** Unescapes a text; `offsets` maps each character of the result to its position in the text. */
function unescapeAll(text, escape) {
    const offsets = new Uint32Array(text.length + 1);
    let [unescaped, copied] = ['', 0];
    const copyUntil = (end) => {
        for (let at = copied; at < end; at++)
            offsets[unescaped.length + at - copied] = at;
        unescaped += text.slice(copied, end);
    };
    for (const match of text.matchAll(escape)) {
        const { percent, hex, decimal, name, unicode, sign } = match.groups ?? {};
        copyUntil(match.index);
        offsets[unescaped.length] = match.index;
        const code = decimal === undefined ? parseInt(percent ?? hex ?? unicode ?? '', 16) : Number(decimal);
        unescaped +=
            sign ?? (name === undefined ? String.fromCharCode(code) : (ENTITIES[name.toLowerCase()] ?? '?'));
        copied = match.index + match[0].length;
    }
    copyUntil(text.length);
    offsets[unescaped.length] = text.length;
    return { unescaped, offsets };
}
const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
/** Redacts ranges in order of their start; `offsetOf` maps their ends to positions in the text. */
function redactRanges(text, ranges, offsetOf = (at) => at) {
    let [result, done] = ['', 0];
    for (const [start, end] of ranges) {
        // One that overlaps the previous one belongs to it.
        if (start >= done)
            result += text.slice(offsetOf(done), offsetOf(start)) + REDACTED;
        done = Math.max(done, end);
    }
    return result + text.slice(offsetOf(done));
}
/** Finds the forms in a text as [start, end) ranges, in order of their start. */
function occurrences(text, forms) {
    const found = [];
    for (const form of forms) {
        for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + form.length)) {
            found.push([at, at + form.length]);
        }
    }
    return found.sort(([a], [b]) => a - b);
}
function formsOf(secret) {
    const base64 = Buffer.from(secret).toString('base64');
    return [
        secret,
        encodeURIComponent(secret.toWellFormed()),
        JSON.stringify(secret).slice(1, -1),
        base64,
        base64.replace(/=+$/, ''),
        Buffer.from(secret).toString('base64url'),
    ];
}

;// CONCATENATED MODULE: ./src/api/job.ts





/** Limit for the output `entities`. */
const MAX_ENTITIES_BYTES = 100_000;
const MAX_LABEL_BYTES = 120;
/**
 * What a status means for the wait. Source: Huawei Cloud TaurusDB API Reference, "Obtaining Information About a Task with
 * a Specified ID", table 5; `Canceled` and `Unauthorized` are in its Chinese edition of 2026-02 (ShowGaussMySqlJobInfo).
 */
const MEANINGS = new Map([
    ['Pending', 'pending'],
    ['Running', 'running'],
    ['Completed', 'completed'],
    ['Failed', 'failed'],
    ['Canceled', 'canceled'],
    ['Unauthorized', 'unauthorized'],
]);
/** Whether the job has finished and its status no longer changes. */
function isTerminal({ meaning }) {
    return meaning === 'completed' || meaning === 'failed' || meaning === 'canceled';
}
/** Undefined if the value is missing or has another type. */
function job_optional(schema) {
    return schema.optional().catch(undefined);
}
const optionalText = job_optional(schemas_string().min(1));
const job_object = record(schemas_string(), unknown());
const filledObject = job_object.refine((value) => Object.keys(value).length > 0);
/**
 * A job as the service sends it; only `id` and `status` are required. `progress` is the name of `process` in DDS,
 * GaussDB, and GeminiDB; `start_time` and `end_time` are those of `created` and `ended` in GeminiDB.
 */
const jobSchema = object({
    id: schemas_string().min(1),
    status: schemas_string().min(1),
    name: optionalText,
    created: optionalText,
    start_time: optionalText,
    ended: optionalText,
    end_time: optionalText,
    process: textOrNumber,
    progress: textOrNumber,
    /** May be structured, for example `{"code":…,"message":…}`. */
    fail_reason: job_optional(schemas_string().min(1).or(filledObject)),
    instance: job_optional(object({ id: optionalText, name: optionalText })),
    entities: job_optional(job_object),
});
/** Source: Huawei Cloud Python SDK huaweicloudsdkgaussdb 3.1.219, ShowTaskDetailsRequest, `job_name`. */
const NAMES_WITH_SUB_TASKS = [
    'RestoreTaurusInInstanceToExisted',
    'RestoreTaurusInInstanceToCurrent',
    'RestoreGaussDBforMySQLNewInstance',
    'RestoreTableTaurus',
];
const endpointSchema = object({ instance: object({ endpoint: schemas_string().min(1) }) });
function toJob(sent, secrets) {
    const untrusted = (raw) => (raw === undefined ? undefined : secrets.text(raw));
    const name = sent.name?.trim();
    const { instance, fail_reason: failReason } = sent;
    const entities = sent.entities && secrets.json(sent.entities, MAX_ENTITIES_BYTES);
    const status = toStatus(sent.status, MEANINGS, secrets);
    const created = sent.created ?? sent.start_time;
    // DDS and GeminiDB document an end for a job that is still running.
    const ended = isTerminal(status) ? (sent.ended ?? sent.end_time) : undefined;
    return {
        status,
        name: untrusted(name),
        /** The same name if jobs of that name have sub-tasks. */
        nameWithSubTasks: NAMES_WITH_SUB_TASKS.find((each) => each === name),
        instanceId: instance?.id === undefined ? undefined : toId(instance.id, secrets),
        instanceName: untrusted(instance?.name),
        /** `host:port` to connect to; create jobs contain it. */
        instanceEndpoint: untrusted(endpointSchema.safeParse(sent.entities).data?.instance.endpoint),
        created: untrusted(created),
        ended: untrusted(ended),
        /** From `created` to `ended`. */
        durationSeconds: secondsBetween(created, ended),
        progress: parsePercentage(sent.process ?? sent.progress),
        failReason: typeof failReason === 'object' ? secrets.jsonText(failReason) : untrusted(failReason),
        /** A JSON object as compact text. */
        entities,
        /** Whether `entities` was dropped because it is too large or nested too deeply. */
        entitiesDropped: sent.entities !== undefined && entities === undefined,
    };
}
/** The status of a job or of an instance, and what it means for the wait. */
function toStatus(sent, meanings, secrets) {
    const meaning = meanings.get(sent) ?? 'unknown';
    return { text: secrets.text(sent), label: toLabel(sent, secrets), meaning };
}
/** Truncates a text: history and tally keep many of them. */
function toLabel(sent, secrets) {
    return secrets.text(sent, (text) => truncate(text, MAX_LABEL_BYTES));
}
/** `60%` → 60, rounded down; undefined if the text is not a percentage. */
function parsePercentage(text) {
    const number = /^(\d{1,3}(?:\.\d{1,20})?)\s?%?$/.exec(text?.trim() ?? '')?.[1];
    return number === undefined || Number(number) > 100 ? undefined : Math.floor(Number(number));
}
/** Without a time zone, both dates are in the same one. */
function secondsBetween(created = '', ended = '') {
    return ['', 'Z']
        .map((zone) => (parseTime(ended + zone) - parseTime(created + zone)) / SECOND)
        .find((seconds) => seconds >= 0);
}
/** Parses a time such as `2018-08-06T10:41:14+0800` to milliseconds since the epoch, in whole seconds; NaN if the text is not one. */
function parseTime(text = '') {
    const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/.test(text);
    return isTime ? Date.parse(text.replace(/\.\d+/, '')) : Number.NaN;
}

;// CONCATENATED MODULE: ./src/api/instance.ts




/**
 * What a status means for the wait. `STORAGE FULL` counts as unknown, because somebody has to act. Source: Huawei Cloud
 * Python SDK huaweicloudsdkgaussdb 3.1.219, ShowGaussMySqlInstanceInfo, `status`.
 */
const instance_MEANINGS = new Map([
    ['ACTIVE', 'active'],
    ['FAILED', 'failed'],
    ['FROZEN', 'failed'],
    ['BUILD', 'busy'],
    ['BACKING UP', 'busy'],
    ['MODIFYING', 'busy'],
    ['MODIFYING INSTANCE TYPE', 'busy'],
    ['MODIFYING DATABASE PORT', 'busy'],
    ['REBOOTING', 'busy'],
    ['RESTORING', 'busy'],
    ['SWITCHOVER', 'busy'],
    ['MIGRATING', 'busy'],
]);
/** Without an ID, the instance was deleted. Source: Terraform provider huaweicloud, `resource_huaweicloud_taurusdb_instance`. */
const deletedSchema = object({ id: literal('').nullish() }).transform(() => null);
/** Parsed to null if the instance was deleted. */
const instanceSchema = object({
    instance: object({
        id: schemas_string().min(1),
        status: schemas_string().min(1),
        name: optionalText,
        port: textOrNumber,
        private_write_ips: job_optional(array(schemas_string())),
    })
        .or(deletedSchema),
});
function toInstance(sent, secrets) {
    const port = /^\d{1,5}$/.test(sent.port ?? '') ? Number(sent.port) : 0;
    const texts = sent.private_write_ips?.map((host) => formatAddress({ host, port }));
    /** Where it accepts connections inside its VPC; undefined if the response contains none. */
    const address = texts?.map(parseAddress).find((each) => each !== undefined);
    return {
        status: toStatus(sent.status, instance_MEANINGS, secrets),
        name: sent.name === undefined ? undefined : secrets.text(sent.name),
        address,
        /** The address as `host:port`. */
        endpoint: address && secrets.text(formatAddress(address)),
    };
}

;// CONCATENATED MODULE: ./src/api/instances.ts



/**
 * `GET /v3/{project_id}/instances/{instance_id}`. Version 3.1 of this call does not report that an operation is running.
 * Source: Huawei Cloud Python SDK huaweicloudsdkgaussdb 3.1.219, ShowGaussMySqlInstanceInfo.
 */
function instanceApi(api) {
    return async ({ value }, signal) => INSTANCE_ID.test(value)
        ? get(api, `instances/${value}`, (result) => readInstance(result, value, api), signal)
        : notFoundYet('not found', ['the ID is not that of an instance']);
}
/** Classifies the result of a request for an instance. */
function readInstance(result, id, context) {
    const response = get_parse(result, instanceSchema, 'an instance that has a status', context);
    if (response.kind === 'parsed') {
        const { instance } = response.data;
        if (instance === null)
            return notFoundYet('not found', ['HTTP 200 without the instance']);
        return isSameId(instance.id, id)
            ? { kind: 'instance', instance: toInstance(instance, context.secrets) }
            : unusable('another instance', ['HTTP 200 with another instance']);
    }
    if (isUnknown(result, context))
        return notFoundYet('not found', response.detail.message);
    return response.kind === 'rejected' && response.reason === 'permission'
        ? { ...response, detail: { ...response.detail, hint: MISSING_PERMISSION } }
        : response;
}
const MISSING_PERMISSION = 'Check that the user or agency has permission to read the instance (gaussdbformysql:instance:get, or gaussdb:instance:list in a role), and that project-id is the project of the instance.';

;// CONCATENATED MODULE: ./src/api/job-list.ts







/** The largest limit in the documentation of ListImmediateJobsRequest. */
const PAGE_LIMIT = 50;
/** A service that ignores the limit returns more; a hostile one, so many that reading them takes too long. */
const MAX_ENTRIES = 1_000;
/**
 * `GET /v3/{project_id}/immediate-jobs`. `offset` is not used, because it is documented to start at 0 and at 1; a
 * narrower window returns the jobs that did not fit. Source: Huawei Cloud Python SDK huaweicloudsdkgaussdb 3.1.219,
 * ListImmediateJobsRequest and TaskDetailInfo.
 */
function jobListApi(api) {
    // Some services reject an end in the future, and their clock decides what that is.
    let clockOffset = 0;
    /** When the newest known job was created: a date of the service before that is wrong. */
    let newest = -Infinity;
    return ({ since, until }, signal, status) => {
        const now = api.wallClock() + clockOffset;
        const latest = Math.max(now, Math.min(newest + SECOND, api.wallClock()));
        const query = listQuery({ since, until: Math.max(Math.min(until, latest), since) }, status);
        const read = (result) => {
            if (result.kind === 'response')
                clockOffset = readClockOffset(result.headers, api.wallClock());
            const response = readListResponse(result, api);
            const times = response.kind === 'list' ? response.entries.map(({ created }) => created) : [];
            newest = Math.max(newest, ...times.filter((time) => !Number.isNaN(time)));
            return response;
        };
        return get(api, `immediate-jobs?${query}`, read, signal);
    };
}
function listQuery({ since, until }, status) {
    const time = (ms) => `${new Date(ms).toISOString().slice(0, 19)}+0000`;
    const filters = { start_time: time(since), end_time: time(until), limit: `${PAGE_LIMIT}` };
    return new URLSearchParams(status === undefined ? filters : { status, ...filters }).toString();
}
/** Classifies the result of a request for the job list. */
function readListResponse(result, context) {
    const response = get_parse(result, listSchema, 'a job list', context);
    if (response.kind !== 'parsed')
        return response;
    const { jobs, total_count: total = 0 } = response.data;
    const read = jobs.map((sent) => readEntry(sent, context.secrets));
    const unreadable = read.filter((entry) => !isUsable(entry));
    const byId = [...Map.groupBy(read.filter(isUsable), ({ id }) => keyOf(id)).values()];
    const contradicting = byId.filter((same) => !isConsistent(same)).flat();
    return {
        kind: 'list',
        entries: byId.filter(isConsistent).flatMap(oncePerOwner),
        unusable: [...unreadable, ...contradicting].map(ownerOf),
        isWhole: total < jobs.length ? jobs.length < PAGE_LIMIT : total === jobs.length,
        clockOffset: result.kind === 'response' ? readClockOffset(result.headers, context.wallClock()) : 0,
    };
}
const listSchema = object({
    jobs: array(unknown()).max(MAX_ENTRIES),
    total_count: job_optional(schemas_number().or(schemas_string().regex(/^\d+$/).transform(Number))),
});
/** The fields of a job have other names than in the response for one job. */
const { status: job_list_status, process: job_list_process, fail_reason } = jobSchema.shape;
const entrySchema = object({
    status: job_list_status,
    process: job_list_process,
    fail_reason,
    job_id: schemas_string().regex(JOB_ID),
    order_id: textOrNumber,
    job_name: optionalText,
    created_time: optionalText,
    ended_time: optionalText,
    instance_id: optionalText,
    instance_name: optionalText,
});
/** What an entry belongs to, even if the rest of it cannot be parsed. */
const ownerSchema = object({ order_id: textOrNumber, instance_id: optionalText });
function readEntry(raw, secrets) {
    const { data: sent } = entrySchema.safeParse(raw);
    if (sent === undefined) {
        const { data: owner } = ownerSchema.safeParse(raw);
        return { orderId: owner?.order_id, instanceId: owner?.instance_id };
    }
    const { job_id: id, order_id: orderId, job_name: name, created_time: created, ended_time: ended } = sent;
    const instance = { id: sent.instance_id, name: sent.instance_name };
    const job = toJob({ ...sent, id, name, created, ended, instance }, secrets);
    return { id: toId(id, secrets), orderId, created: parseTime(created), job };
}
function isUsable(entry) {
    return 'job' in entry;
}
function ownerOf(entry) {
    return isUsable(entry) ? { orderId: entry.orderId, instanceId: entry.job.instanceId?.value } : entry;
}
/** A job of several orders or instances has an entry for each. */
function oncePerOwner(same) {
    const owners = Map.groupBy(same, (entry) => JSON.stringify(ownerOf(entry)));
    return [...owners.values()].flatMap(([first]) => first ?? []);
}
/** Whether entries for the same job do not contradict each other. */
function isConsistent([first, ...others]) {
    return others.every(({ job }) => first?.job.status.text.equals(job.status.text));
}

;// CONCATENATED MODULE: ./src/http/percent-encode.ts
/** Encodes all but the unreserved characters of RFC 3986, section 2.3; encodeURIComponent skips five more. */
function percentEncode(text) {
    return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
/** Whether a text is valid percent-encoding of UTF-8. */
function isDecodable(text) {
    try {
        decodeURIComponent(text);
        return true;
    }
    catch {
        return false;
    }
}

;// CONCATENATED MODULE: ./src/api/jobs.ts








/**
 * `GET /v3/{project_id}/jobs?id=`. Source: Huawei Cloud TaurusDB API Reference, "Obtaining Information About a Task
 * with a Specified ID".
 */
function jobsApi(api) {
    return ({ value }, signal) => get(api, `jobs?id=${percentEncode(value)}`, (result) => readJobResponse(result, value, api), signal);
}
/** Classifies the result of a request for a job. */
function readJobResponse(result, jobId, context) {
    if (result.kind === 'response' && result.status < 300)
        return readJob(result, jobId, context);
    const fault = faultOf(result, context);
    return isUnknown(result, context) ? notFoundYet('not found yet', fault.detail.message) : fault;
}
function readJob(response, jobId, context) {
    const { status, body, bodyError } = response;
    const { service, secrets } = context;
    const { field } = service;
    if (status !== 200)
        return unusable(`${status}`, phrase `HTTP ${status}`);
    if (bodyError !== undefined)
        return unusable('no job', phrase `HTTP 200 with a body that ${bodyError}`);
    const json = parseJson(body);
    const fields = typeof json === 'object' ? { ...json } : {};
    const [job, ...others] = field === 'job' ? [fields['job']] : findJob(fields['jobs'], jobId);
    if (others.length > 0) {
        const count = others.length + 1;
        return unusable('no job', phrase `HTTP 200 with a list that contains the job ${count} times`);
    }
    if (job === null) {
        const what = field === 'job' ? '"job": null' : 'a list without the job';
        const { code, message } = readServiceError(response, secrets);
        return notFoundYet('not found yet', code === undefined ? phrase `HTTP 200 with ${what}` : message);
    }
    const isRegistered = isSameId(registeredSchema.safeParse(job).data?.id, jobId);
    if (isRegistered || emptySchema.safeParse(job).success)
        return notFoundYet('not found yet', phrase `HTTP 200 with a job that has no status`);
    const { data: sent } = jobSchema.safeParse(job);
    if (sent !== undefined) {
        if (isSameId(sent.id, jobId))
            return { kind: 'job', job: toJob(sent, secrets) };
        const message = phrase `the response is about job ${secrets.text(sent.id)}`;
        return { kind: 'rejected', reason: 'other-job', scope: 'job', detail: { label: 'another job', message } };
    }
    const error = readServiceError(response, secrets);
    if (isUnknown(response, context))
        return notFoundYet('not found yet', error.message);
    if (error.hasReason)
        return unusable('no job', error.message);
    if (json === undefined) {
        const text = readableText(response, secrets);
        const described = text === undefined ? 'without text' : phrase `with the text “${text}”`;
        return unusable('no job', phrase `HTTP 200 ${described}`);
    }
    const names = secrets.text(Object.keys(fields).join(', '));
    const message = phrase `HTTP 200 with JSON that contains no job with id and status, only the fields “${names}”`;
    const other = field === 'job' ? 'jobs' : 'job';
    const hint = other in fields && !(field in fields) ? { hint: jobs_HINTS[other] } : {};
    return { kind: 'unusable', detail: { label: 'no job', message, ...hint } };
}
/** Returns all entries with the job's ID; otherwise null, or undefined if it is not a list. */
function findJob(jobs, jobId) {
    const { data: list } = array(unknown()).safeParse(jobs);
    const isJob = (entry) => isSameId(idSchema.safeParse(entry).data?.id, jobId);
    const found = list?.filter(isJob) ?? [undefined];
    return found.length > 0 ? found : [null];
}
const idSchema = object({ id: schemas_string() });
/** What some services return for a moment after a job was created. */
const registeredSchema = object({ id: schemas_string(), status: literal('').nullish() });
const emptySchema = union([
    strictObject({}),
    object({ id: literal('').nullable(), status: literal('').nullish() }),
]);
/** For responses in the format of another service. */
const jobs_HINTS = {
    job: 'The response has the format of TaurusDB, RDS, DDS, and GaussDB. For a job of one of them, set service accordingly; otherwise, check the endpoint.',
    jobs: 'The response has the format of GeminiDB. For a GeminiDB job, set service to geminidb; otherwise, check the endpoint.',
};

;// CONCATENATED MODULE: ./src/api/project.ts





/**
 * Looks up the project with one request, on first use. `GET /v3/projects?name=`. Source: Huawei Cloud Python SDK
 * huaweicloudsdkcore 3.1.219, class Credentials.
 */
function projectApi(choice, deps) {
    if (typeof choice === 'string')
        return () => Promise.resolve({ kind: 'project', id: choice });
    const { region, iamEndpoint } = choice;
    const url = `${iamEndpoint}/v3/projects?name=${percentEncode(region)}`;
    let found;
    /** The request in progress, which all jobs share. */
    let lookup;
    return async (signal) => {
        if (found !== undefined)
            return found;
        if (lookup?.signal.aborted !== false) {
            const read = (result) => readProjects(result, region, deps);
            lookup = { signal, result: send(deps, url, {}, undefined, read, signal) };
        }
        const current = lookup;
        const result = await current.result;
        if (result.kind === 'project')
            found = result;
        if (lookup === current)
            lookup = undefined;
        return result;
    };
}
const PROJECT_ID = /^[A-Za-z0-9]{32}$/;
const schema = object({
    projects: array(object({ id: schemas_string().regex(PROJECT_ID), name: schemas_string() })),
});
function readProjects(result, region, deps) {
    const response = get_parse(result, schema, 'a list of projects', deps);
    if (response.kind !== 'parsed')
        return faultOfIam(response);
    const [project, ...others] = response.data.projects.filter(({ name }) => name === region);
    if (project === undefined || others.length > 0) {
        const found = project === undefined ? 'no project' : `${others.length + 1} projects`;
        const message = phrase `IAM returned ${found} with the name ${deps.secrets.text(region)}`;
        return { kind: 'rejected', reason: 'project', scope: 'all', detail: { label: 'no project', message } };
    }
    deps.onProject(project.id, region);
    return { kind: 'project', id: project.id };
}
/** Its rate limit is not that of the jobs API, and its hints would be about the wrong service. */
function faultOfIam(fault) {
    const own = { label: `IAM ${fault.detail.label}`, message: phrase `IAM: ${fault.detail.message}` };
    const isAboutGateway = fault.detail.hint !== undefined && GATEWAY_HINTS.has(fault.detail.hint);
    const detail = { ...own, hint: isAboutGateway ? fault.detail.hint : HINT };
    if (fault.kind === 'transient')
        return { kind: 'transient', retryAfter: fault.retryAfter, detail };
    if (fault.kind === 'unusable')
        return { kind: 'unusable', detail };
    if (fault.reason === 'redirect' || fault.reason === 'endpoint')
        return { ...fault, scope: 'all', detail };
    const isAboutProject = fault.reason === 'permission' || fault.reason === 'request';
    return {
        ...fault,
        ...(isAboutProject && { reason: 'project' }),
        scope: 'all',
        detail: isAboutGateway ? detail : own,
    };
}
const HINT = 'Check iam-endpoint and region, and whether this runner can reach IAM. With project-id, no project is looked up.';

;// CONCATENATED MODULE: ./src/api/sub-tasks.ts







/** Jobs are documented to have fewer. */
const MAX_SUB_TASKS = 20;
/**
 * `GET /v3/{project_id}/instances/{instance_id}/task-center-detail`. Source: Huawei Cloud Python SDK
 * huaweicloudsdkgaussdb 3.1.219, ShowTaskDetails.
 */
function subTasksApi(api) {
    return async ({ id, name, instanceId }, signal) => {
        if (!INSTANCE_ID.test(instanceId.value))
            return unusable('no instance', ['the job names no valid instance']);
        const path = `instances/${instanceId.value}/task-center-detail`;
        const query = `job_id=${percentEncode(id.value)}&job_name=${name}`;
        return get(api, `${path}?${query}`, (result) => readSubTasks(result, api), signal);
    };
}
const sub_tasks_schema = object({ sub_task_list: array(unknown()) });
const subTaskSchema = object({
    sub_task_name: schemas_string().min(1),
    status: schemas_string().min(1),
    percent: textOrNumber,
    /** Seconds. */
    remaining_time: textOrNumber,
});
/** Classifies the result of a request for sub-tasks. */
function readSubTasks(result, context) {
    const response = get_parse(result, sub_tasks_schema, 'a list of sub-tasks', context);
    if (response.kind !== 'parsed')
        return response;
    const list = response.data.sub_task_list.slice(0, MAX_SUB_TASKS);
    return { kind: 'sub-tasks', subTasks: list.flatMap((sent) => readSubTask(sent, context.secrets)) };
}
function readSubTask(raw, secrets) {
    const { data: sent } = subTaskSchema.safeParse(raw);
    if (sent === undefined)
        return [];
    const texts = { name: toLabel(sent.sub_task_name, secrets), status: toLabel(sent.status, secrets) };
    if (sent.status === 'Completed')
        return [{ ...texts, progress: 100, remaining: undefined }];
    const isKnown = /^\d{1,7}$/.test(sent.remaining_time ?? '');
    const remaining = isKnown ? Number(sent.remaining_time) * SECOND : undefined;
    return [{ ...texts, progress: parsePercentage(sent.percent), remaining }];
}

;// CONCATENATED MODULE: external "node:crypto"
const external_node_crypto_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:crypto");
;// CONCATENATED MODULE: ./src/credentials/credentials.ts
/**
 * Sends an IAM user token with each request. Source: Huawei Cloud TaurusDB API Reference, "Obtaining Information About
 * a Task with a Specified ID", table 3.
 */
function tokenCredentials(token) {
    return staticCredentials((request) => ({ ...request, headers: { ...request.headers, 'X-Auth-Token': token } }), 'Get a new token: a token is valid for 24 hours, in one project and region. Store the whole value of X-Subject-Token. The token was not retried, because repeated authentication failures can lock the account.');
}
/** Credentials that never change, so a rejection is final; `hint` contains its next steps. */
function staticCredentials(sign, hint) {
    return {
        sign: (request, projectId) => Promise.resolve({
            kind: 'signed',
            request: sign(request, projectId),
            rejected: (rejection) => ({ ...rejection, detail: { ...rejection.detail, hint } }),
        }),
    };
}

;// CONCATENATED MODULE: ./src/credentials/access-key.ts



/** Signs each request with the key; `wallClock` in milliseconds since the epoch. */
function accessKeyCredentials(key, wallClock) {
    return staticCredentials((request, projectId) => signWithAccessKey(request, key, projectId, wallClock()), `${unusualLengths(key)}Check that the access key and its secret belong together, are enabled, and have not expired, and that this runner's clock is correct. A temporary key also needs its security token. The key was not retried, because the service locks a key for five minutes after more than five failed authentications in a row.`);
}
/** Names unusual lengths: a key may have been cut or padded. Source: Huawei Cloud IAM, "Access Keys". */
function unusualLengths({ id, secret }) {
    if (id.length === 20 && secret.length === 40)
        return '';
    return `The access key ID has ${id.length} characters (usually 20), and its secret ${secret.length} (usually 40). `;
}
/**
 * Signs a request with all its headers. `X-Project-Id` is required for sub-projects.
 *
 * @param at milliseconds since the epoch; the service accepts the signature within 15 minutes
 */
function signWithAccessKey(request, key, projectId, at) {
    const headers = {
        ...request.headers,
        // Set here so that it is sent exactly as it is signed, including the port.
        Host: new URL(request.url).host,
        ...(projectId === undefined ? {} : { 'X-Project-Id': projectId }),
        'X-Sdk-Date': new Date(at).toISOString().replace(/-|:|\.\d{3}/g, ''),
        ...(key.securityToken === undefined ? {} : { 'X-Security-Token': key.securityToken }),
    };
    return { ...request, headers: { ...headers, Authorization: authorization({ ...request, headers }, key) } };
}
const ALGORITHM = 'SDK-HMAC-SHA256';
/**
 * Returns the header `Authorization` for a request with all headers to be signed, including `X-Sdk-Date`.
 * Source: Huawei Cloud "API Request Signing Guide", api-sign-algorithm-002 to -005; npm package
 * @huaweicloud/huaweicloud-sdk-core, class AKSKSigner.
 */
function authorization(request, key) {
    const headers = Object.entries(request.headers)
        .map(([name, value]) => [name.toLowerCase(), value.trim()])
        .sort(byName);
    const names = headers.map(([name]) => name).join(';');
    const { pathname, searchParams } = new URL(request.url);
    const canonicalRequest = [
        request.method,
        canonicalPath(pathname),
        [...searchParams]
            .sort(byName)
            .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
            .join('&'),
        ...headers.map(([name, value]) => `${name}:${value}`),
        '',
        names,
        (0,external_node_crypto_namespaceObject.hash)('sha256', request.body),
    ].join('\n');
    const date = headers.find(([name]) => name === 'x-sdk-date')?.[1] ?? '';
    const stringToSign = [ALGORITHM, date, (0,external_node_crypto_namespaceObject.hash)('sha256', canonicalRequest)].join('\n');
    const signature = (0,external_node_crypto_namespaceObject.createHmac)('sha256', key.secret).update(stringToSign).digest('hex');
    return `${ALGORITHM} Access=${key.id}, SignedHeaders=${names}, Signature=${signature}`;
}
function byName([a, valueA], [b, valueB]) {
    if (a !== b)
        return a < b ? -1 : 1;
    return valueA < valueB ? -1 : Number(valueA > valueB);
}
/** Normalizes the percent-encoding of each segment, and adds a trailing slash. */
function canonicalPath(path) {
    const segments = path.split('/').map((segment) => percentEncode(decodeURIComponent(segment)));
    return segments.join('/').replace(/\/?$/, '/');
}

;// CONCATENATED MODULE: ./src/credentials/token-service.ts





/** Text that a header can contain, and long enough for a key or token. */
const printable = schemas_string().regex(/^[!-~]{8,}$/);
/**
 * Reads what a token service sent.
 *
 * @param parse parses the body, before the schema validates it
 */
function readSent(service, result, schema, context, parse = parseJson) {
    if (result.kind === 'no-response' || result.status >= 300)
        return ownFault(service, result, context);
    const { data } = schema.safeParse(result.bodyError === undefined ? parse(result.body) : undefined);
    if (data !== undefined)
        return { kind: 'sent', data, response: result };
    const { hasReason, message } = readServiceError(result, context.secrets, true);
    return token_service_unusable(service, result, hasReason ? message : undefined);
}
/**
 * Completes temporary keys, if they are still valid. Their remaining lifetime is measured by the service's clock, because
 * this runner's may be wrong.
 *
 * @param expiration a time; without an offset, it is UTC
 */
function issued(service, response, key, expiration, wallClock) {
    const clockOffset = readClockOffset(response.headers, wallClock());
    const expiresAt = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(expiration) ? expiration : `${expiration}Z`);
    const lifetime = expiresAt - wallClock() - clockOffset;
    return lifetime > 0 ? { kind: 'issued', key, lifetime, clockOffset } : token_service_unusable(service, response);
}
/** A fault whose hint and rate limit are not those of the jobs API. It shows no other text, which may contain keys. */
function ownFault(service, result, context) {
    const fault = faultOf(result, { ...context, hidesText: true });
    const { label, message, hint } = fault.detail;
    const isRedirect = fault.kind === 'rejected' && fault.reason === 'redirect';
    const isFirewall = result.kind === 'response' && result.status === 418;
    const detail = {
        label: `${service.label} ${label}`,
        message: phrase `${service.name}: ${message}`,
        hint: isFirewall ? hint : hint !== undefined || isRedirect ? service.hint : undefined,
    };
    if (fault.kind === 'transient')
        return { kind: fault.kind, retryAfter: fault.retryAfter, detail };
    const isAboutRequest = ['credentials', 'permission', 'request'].includes(fault.reason);
    const reason = isAboutRequest ? service.reason : fault.reason;
    const isPassing = result.kind === 'response' && service.passing.includes(result.status);
    return { ...fault, reason, scope: 'all', isPassing, detail };
}
/** Shows nothing else of the response, which may contain a part of the keys. */
function token_service_unusable({ name, label, issues, hint }, { status }, reason = phrase `HTTP ${status} without ${issues}`) {
    const message = phrase `${name}: ${reason}`;
    return { kind: 'unusable', detail: { label: `unusable ${label} response`, message, hint } };
}

;// CONCATENATED MODULE: ./src/credentials/assume-agency.ts



/** Assumes an agency: requests an ID token from GitHub, and exchanges it for temporary keys. */
function assumeAgency(agency, deps) {
    return async ({ lifetime, register, signal }) => {
        const response = await deps.exchange(requestIdToken(agency), signal);
        const token = readSent(GITHUB, response, object({ value: printable }), deps);
        if (token.kind !== 'sent')
            return token;
        const idToken = token.data.value;
        // A service may echo the token without its signature, or the signature alone.
        const parts = [idToken, ...idToken.split(/\.(?=[^.]*$)/)];
        register(...parts.filter((part) => part.length >= 8));
        const result = await deps.exchange(requestKeys(agency, idToken, lifetime), signal);
        const assumed = readSent(STS, result, keysSchema, deps);
        if (assumed.kind !== 'sent')
            return assumed;
        const { access_key_id: id, secret_access_key: secret, ...sent } = assumed.data.credentials;
        const key = { id, secret, securityToken: sent.security_token };
        register(...Object.values(key));
        const keys = issued(STS, assumed.response, key, sent.expiration, deps.wallClock);
        return keys.kind === 'issued' ? { ...keys, lifetime: Math.min(keys.lifetime, lifetime) } : keys;
    };
}
/** Source: GitHub Docs, "Methods for requesting the OIDC token". */
function requestIdToken({ idTokenRequest, audience }) {
    const url = new URL(idTokenRequest.url);
    url.searchParams.set('audience', audience);
    return {
        method: 'GET',
        url: url.href,
        headers: { Accept: 'application/json', Authorization: `Bearer ${idTokenRequest.bearer}` },
        body: '',
    };
}
/** Source: Huawei Cloud IAM API Reference (new edition), "AssumeAgencyWithOIDC". */
function requestKeys(agency, idToken, lifetime) {
    return {
        method: 'POST',
        url: `${agency.stsEndpoint}/v5/agencies/assume-with-oidc`,
        headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
        body: JSON.stringify({
            provider_urn: agency.identityProviderUrn,
            agency_urn: agency.agencyUrn,
            agency_session_name: agency.sessionName,
            id_token: idToken,
            duration_seconds: Math.ceil(lifetime / SECOND),
        }),
    };
}
const keysSchema = object({
    credentials: object({
        access_key_id: printable,
        secret_access_key: printable,
        security_token: printable,
        expiration: schemas_string(),
    }),
});
const GITHUB = {
    name: "GitHub's token service",
    label: 'ID token',
    issues: 'an ID token',
    // Source: issue 1441 of actions/toolkit.
    passing: [400, 404],
    reason: 'id-token',
    hint: "Check that this runner can reach GitHub's token service, and that no other server responds in its place: firewall, https_proxy, and no_proxy.",
};
const STS = {
    name: 'the Security Token Service',
    label: 'STS',
    issues: 'valid keys',
    // Seen with the AWS service of the same kind: issues 299 and 348 of aws-actions/configure-aws-credentials.
    passing: [400, 403],
    reason: 'agency',
    hint: 'Check sts-endpoint and region, and that this runner can reach the Security Token Service: firewall, VPC, https_proxy, and no_proxy.',
};

;// CONCATENATED MODULE: ./src/credentials/ecs-agency.ts


/** Link-local: it is reached without a network, so inputs.ts keeps it away from proxies. */
const METADATA_HOST = '169.254.169.254';
/** Statuses of a metadata service that issues no session tokens, and needs none. */
const WITHOUT_SESSION_TOKENS = [404, 405, 503];
/**
 * Gets the keys of the agency of the ECS that runs this step. Source: Huawei Cloud Python SDK huaweicloudsdkcore 3.1.219,
 * class MetadataAccessor.
 */
function readEcsAgency(deps) {
    return async ({ isRenewal, register, signal }) => {
        const send = (method, path, headers) => deps.exchange({ method, url: `http://${METADATA_HOST}/${path}`, headers, body: '' }, signal);
        const ttl = { 'X-Metadata-Token-Ttl-Seconds': '21600' };
        const session = await send('PUT', 'meta-data/latest/api/token', ttl);
        const headers = {};
        if (session.kind === 'no-response' || !WITHOUT_SESSION_TOKENS.includes(session.status)) {
            const token = readSent(METADATA, session, printable, deps, (body) => body.trim());
            if (token.kind !== 'sent')
                return explain(token, session, isRenewal);
            register(token.data);
            headers['X-Metadata-Token'] = token.data;
        }
        const result = await send('GET', 'openstack/latest/securitykey', headers);
        const sent = readSent(METADATA, result, ecs_agency_keysSchema, deps);
        if (sent.kind !== 'sent')
            return explain(sent, result, isRenewal);
        const { access: id, secret, securitytoken: securityToken, expires_at } = sent.data.credential;
        register(id, secret, securityToken);
        return issued(METADATA, sent.response, { id, secret, securityToken }, expires_at, deps.wallClock);
    };
}
const ecs_agency_keysSchema = object({
    credential: object({
        access: printable,
        secret: printable,
        securitytoken: printable,
        expires_at: schemas_string(),
    }),
});
/** Says what is missing, unless the metadata service has worked before. */
function explain(fault, result, isRenewal) {
    const rejected = (hint, isPassing = false) => {
        const detail = { ...fault.detail, hint };
        return { kind: 'rejected', reason: 'ecs-agency', scope: 'all', isPassing, detail };
    };
    if (result.kind === 'no-response') {
        return isRenewal || result.reason === 'aborted' ? fault : rejected(NO_ECS, true);
    }
    if (result.status === 401 && result.body.includes(NO_AGENCY_TEXT))
        return rejected(NO_AGENCY);
    // The service of session tokens may have been unavailable for a moment.
    if (result.status === 401)
        return rejected(NEEDS_TOKEN, true);
    return fault.kind === 'rejected' ? rejected(NO_ECS) : fault;
}
/** Source: as above. */
const NO_AGENCY_TEXT = 'Please configure Cloud Service Agency first';
const NO_ECS = 'The metadata service exists only on an ECS of Huawei Cloud. Run this job on a runner of your own that is an ECS, or use other credentials. In a container, check that the network of the container allows link-local addresses.';
const NO_AGENCY = 'The ECS has no agency. Create an agency for the cloud service ECS in IAM, and choose it in the settings of the ECS in the console.';
const NEEDS_TOKEN = 'The metadata service requires a session token, but did not issue a valid one. Check the metadata settings of the ECS.';
const METADATA = {
    name: 'the metadata service of the ECS',
    label: 'metadata',
    issues: 'valid keys',
    passing: [],
    reason: 'ecs-agency',
    hint: NO_ECS,
};

;// CONCATENATED MODULE: ./src/credentials/renewable.ts



/** Keys are renewed this long before they expire, so that a token service may be unavailable for a while. */
const RENEWAL_MARGIN = 5 * MINUTE;
/** Delay after a failed renewal: exponential backoff, or the maximum while the current keys are valid. */
const MIN_RENEWAL_DELAY = 1 * SECOND;
const MAX_RENEWAL_DELAY = 30 * SECOND;
/** A token service sometimes rejects a valid request: rejections before one is final, and the delay between them. */
const MAX_REJECTIONS = 3;
const REJECTION_DELAY = 3 * SECOND;
/** Rejected keys are replaced at most this often. */
const MIN_REPLACEMENT_INTERVAL = 1 * MINUTE;
/** Every agency allows this range. Source: Huawei Cloud IAM API Reference (new edition), "AssumeAgencyWithOIDC". */
const MIN_LIFETIME = 15 * MINUTE;
const MAX_LIFETIME = 60 * MINUTE;
/** Secrets of a failed renewal are redacted this long. An ID token of GitHub is valid for about five minutes. */
const FAILED_LIFETIME = 15 * MINUTE;
const renewable_HINT = 'The service also rejected newly issued keys. Check that the agency belongs to the account that owns project-id.';
/** Temporary keys of an agency, obtained on first use and renewed before they expire or after a rejection. */
function renewableCredentials(issue, deps) {
    const { clock, wallClock, secrets, timeout, onRenewed, onNotRenewed } = deps;
    let current;
    let isRenewal = false;
    /** Secrets that are still redacted, and what ends that. */
    const unexpired = new Set();
    /** The renewal in progress, shared by all jobs. */
    let renewal;
    /** Time of the next renewal, and the reason for having no keys until then. */
    let renewAt = -Infinity;
    let reason = [];
    let failures = 0;
    let rejections = 0;
    let replacedAt = -Infinity;
    const sign = async (request, projectId, signal) => {
        const keys = await validKeys(signal);
        if (keys.kind !== 'issued')
            return keys;
        return {
            kind: 'signed',
            request: signWithAccessKey(request, keys.key, projectId, wallClock() + keys.clockOffset),
            rejected: (rejection) => replace(keys, rejection),
        };
    };
    /** Returns the current keys without waiting for a renewal, as long as they are valid. */
    function validKeys(signal) {
        const now = clock.now();
        if (renewal?.signal.aborted === true)
            renewal = undefined;
        if (renewal === undefined && now >= renewAt)
            renewal = { signal, keys: renew(signal) };
        if (current !== undefined && now < current.expiresAt)
            return current;
        if (renewal !== undefined)
            return renewal.keys;
        return { kind: 'transient', retryAfter: renewAt - now, detail: { label: 'no keys', message: reason } };
    }
    async function renew(signal) {
        const needed = timeout + RENEWAL_MARGIN + MINUTE;
        const lifetime = Math.min(Math.max(needed, MIN_LIFETIME), MAX_LIFETIME);
        const registrations = [];
        const register = (...values) => registrations.push(secrets.add(...values));
        const issued = await issue({ lifetime, isRenewal, register, signal });
        if (renewal?.signal === signal)
            renewal = undefined;
        if (issued.kind !== 'issued' && signal.aborted)
            return issued;
        const now = clock.now();
        for (const old of unexpired) {
            if (old.expiresAt >= now)
                continue;
            old.forget();
            unexpired.delete(old);
        }
        const expiresAt = now + (issued.kind === 'issued' ? issued.lifetime : FAILED_LIFETIME);
        for (const forget of registrations)
            unexpired.add({ expiresAt, forget });
        if (issued.kind !== 'issued')
            return backOff(issued);
        const keys = { ...issued, expiresAt };
        isRenewal = true;
        // The metadata service of an ECS may return the same keys again.
        if (keys.key.id !== current?.key.id)
            onRenewed(keys.lifetime);
        current = keys;
        failures = 0;
        rejections = 0;
        renewAt = keys.expiresAt - Math.min(RENEWAL_MARGIN, keys.lifetime / 3);
        return keys;
    }
    /** Delays the next renewal, for all jobs. */
    function backOff(fault) {
        failures += 1;
        const left = (current?.expiresAt ?? 0) - clock.now();
        if (left > 0)
            onNotRenewed(fault.detail.message, left);
        const backoff = Math.min(MIN_RENEWAL_DELAY * 2 ** (failures - 1), MAX_RENEWAL_DELAY);
        const isPassing = fault.kind === 'rejected' && fault.isPassing === true;
        rejections = isPassing ? rejections + 1 : 0;
        const isRetried = fault.kind === 'transient' || (isPassing && rejections < MAX_REJECTIONS);
        const retryAfter = fault.kind === 'transient' ? (fault.retryAfter ?? 0) : isPassing ? REJECTION_DELAY : 0;
        const delay = Math.max(left > 0 ? MAX_RENEWAL_DELAY : backoff, retryAfter);
        renewAt = clock.now() + delay;
        reason = fault.detail.message;
        return isRetried ? { kind: 'transient', retryAfter: delay, detail: fault.detail } : fault;
    }
    /** Discards rejected keys, unless newer ones have replaced them already. */
    function replace(keys, rejection) {
        const { detail } = rejection;
        if (keys === current) {
            current = undefined;
            replacedAt = Math.max(clock.now(), replacedAt + MIN_REPLACEMENT_INTERVAL);
            renewAt = replacedAt;
            reason = phrase `${detail.message}; new keys of the agency are needed`;
        }
        return { ...rejection, isRenewable: true, detail: { ...detail, hint: renewable_HINT } };
    }
    return { sign };
}

;// CONCATENATED MODULE: external "node:dns"
const external_node_dns_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:dns");
;// CONCATENATED MODULE: ./src/database.ts




/** A server may look up the name of its client before it sends the handshake. */
const MAX_ATTEMPT_MS = 5 * SECOND;
/** From here on, the next attempt may begin: a server that has started meanwhile may respond only to a new one. */
const SILENT_AFTER_MS = 1 * SECOND;
/** For each address of a name, so that an attempt also reaches the second one. */
const MAX_ADDRESS_MS = 1 * SECOND;
/** Longer packets are not a handshake. */
const MAX_PACKET_BYTES = 1_024;
/** Connects to a MySQL server, reads its first packet, and closes the connection. Nothing is sent. */
function databaseConnector(secrets, find = sharedLookup()) {
    return (address) => {
        /** Accepted by an attempt that was silent at first. */
        let accepted;
        return async (signal) => {
            const { promise, resolve } = Promise.withResolvers();
            const onSeen = (seen) => {
                if (seen.isAccepted)
                    accepted = seen;
                resolve(accepted ?? seen);
            };
            if (accepted === undefined)
                attempt(address, find, signal, onSeen);
            const { isAccepted, label } = accepted ?? (await promise);
            const shown = secrets.text(formatAddress(address));
            return { kind: 'connection', address: shown, isAccepted, label: secrets.text(label) };
        };
    };
}
/** Looks up a name only once at a time: each lookup blocks a thread, and the report needs one of the few threads. */
function sharedLookup() {
    const waiting = new Map();
    return (name, options, callback) => {
        const callbacks = waiting.get(name) ?? [];
        if (callbacks.push(callback) > 1)
            return;
        waiting.set(name, callbacks);
        (0,external_node_dns_namespaceObject.lookup)(name, options, (...found) => {
            waiting.delete(name);
            for (const each of callbacks)
                each(...found);
        });
    };
}
/** Calls `onSeen` when the attempt is silent for a second, and when it ends. */
function attempt({ host, port }, find, signal, onSeen) {
    const socket = (0,external_node_net_namespaceObject.createConnection)({
        host,
        port,
        lookup: find,
        autoSelectFamilyAttemptTimeout: MAX_ADDRESS_MS,
    });
    let received = Buffer.alloc(0);
    const end = (label, isAccepted = false) => {
        clearTimeout(silence);
        clearTimeout(limit);
        signal.removeEventListener('abort', onAbort);
        socket.destroy();
        onSeen({ isAccepted, label });
    };
    const silent = () => (socket.connecting ? 'no connection' : 'no handshake');
    const onAbort = () => {
        end(silent());
    };
    const silence = setTimeout(() => {
        onSeen({ isAccepted: false, label: silent() });
    }, SILENT_AFTER_MS);
    const limit = setTimeout(onAbort, MAX_ATTEMPT_MS);
    signal.addEventListener('abort', onAbort);
    socket.on('error', ({ code = '', message }) => {
        end(ERRORS.get(code) ?? (code || message));
    });
    socket.on('close', () => {
        end('connection closed');
    });
    socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk]);
        const packet = readPacket(received);
        if (packet !== undefined)
            end(packet.label, packet.isAccepted);
    });
    if (signal.aborted)
        onAbort();
}
const ERRORS = new Map([
    ['ECONNREFUSED', 'connection refused'],
    ['ECONNRESET', 'connection closed'],
    ['ETIMEDOUT', 'no connection'],
    ['ENOTFOUND', 'unknown host'],
]);
/**
 * Reads the first packet of a server; undefined if it is incomplete. Source: MySQL documentation, "Protocol Basics",
 * "Protocol::HandshakeV10" and "ERR_Packet".
 */
function readPacket(bytes) {
    if (bytes.length < 5)
        return undefined;
    const [length, sequence, kind] = [bytes.readUIntLE(0, 3), bytes[3], bytes[4]];
    const isPacket = length > 0 && length <= MAX_PACKET_BYTES && sequence === 0;
    if (!isPacket || (kind !== HANDSHAKE_V10 && kind !== ERROR))
        return NOT_MYSQL;
    if (bytes.length < 4 + length)
        return undefined;
    const payload = bytes.subarray(5, 4 + length);
    if (kind === ERROR) {
        if (payload.length < 2)
            return NOT_MYSQL;
        const message = payload.toString('utf8', 2).replace(/^#.{5}/, '');
        return { isAccepted: false, label: `error ${payload.readUInt16LE(0)}: ${message}` };
    }
    // After the version: the connection ID, eight bytes of authentication data, and a zero.
    const end = payload.indexOf(0);
    if (end < 1 || payload[end + 13] !== 0)
        return NOT_MYSQL;
    return { isAccepted: true, label: `handshake of ${payload.toString('utf8', 0, end)}` };
}
const HANDSHAKE_V10 = 10;
const ERROR = 0xff;
const NOT_MYSQL = { isAccepted: false, label: 'no MySQL handshake' };

;// CONCATENATED MODULE: external "node:async_hooks"
const external_node_async_hooks_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:async_hooks");
;// CONCATENATED MODULE: external "node:diagnostics_channel"
const external_node_diagnostics_channel_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:diagnostics_channel");
;// CONCATENATED MODULE: external "node:events"
const external_node_events_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:events");
;// CONCATENATED MODULE: external "node:tls"
const external_node_tls_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:tls");
;// CONCATENATED MODULE: external "node:buffer"
const external_node_buffer_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:buffer");
;// CONCATENATED MODULE: external "node:zlib"
const external_node_zlib_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:zlib");
;// CONCATENATED MODULE: ./src/http/body.ts


/** Also after decoding, so that a small body can't expand without limit. */
const MAX_BODY_BYTES = 1_048_576;
/** Chunks of a body are merged beyond this number: received byte by byte, they would take a hundred times its size. */
const MAX_CHUNKS = 1_000;
/** Reads and decodes the body of a response. Rejects if the connection is lost. */
async function readBody(message) {
    const chunks = [];
    let size = 0;
    for await (const chunk of message) {
        size += chunk.length;
        if (size > MAX_BODY_BYTES)
            return body_TOO_LARGE;
        chunks.push(chunk);
        if (chunks.length > MAX_CHUNKS)
            chunks.splice(0, chunks.length, Buffer.concat(chunks));
    }
    return body_decode(Buffer.concat(chunks), message.headers['content-encoding'] ?? '');
}
/** No request accepts an encoding, but some gateways compress all the same, even without saying so. */
function body_decode(bytes, encoding) {
    const given = encoding.trim().toLowerCase() || 'identity';
    const name = given === 'identity' && bytes.indexOf(GZIP) === 0 ? 'gzip' : given;
    if (name === 'identity' || bytes.length === 0)
        return textOf(bytes);
    const decoder = DECODERS.get(name);
    if (decoder === undefined)
        return { body: '', bodyError: 'has an unknown content encoding' };
    try {
        return textOf(decoder(bytes, { maxOutputLength: MAX_BODY_BYTES }));
    }
    catch (error) {
        const { code } = error;
        return code === 'ERR_BUFFER_TOO_LARGE' ? body_TOO_LARGE : { body: '', bodyError: `is not valid ${name}` };
    }
}
const body_TOO_LARGE = { body: '', bodyError: 'is larger than 1 MiB' };
/** The beginning of everything that gzip compressed. Source: RFC 1952, section 2.3.1. */
const GZIP = Buffer.from([0x1f, 0x8b]);
const DECODERS = new Map([
    ['gzip', external_node_zlib_namespaceObject.gunzipSync],
    ['x-gzip', external_node_zlib_namespaceObject.gunzipSync],
    ['br', external_node_zlib_namespaceObject.brotliDecompressSync],
    ['deflate', inflate],
]);
/** Some servers leave out the header of zlib, whose first byte ends with 8. Source: RFC 9110, section 8.4.1.2. */
function inflate(bytes, options) {
    return ((bytes[0] ?? 0) % 16 === 8 ? external_node_zlib_namespaceObject.inflateSync : external_node_zlib_namespaceObject.inflateRawSync)(bytes, options);
}
function textOf(bytes) {
    return { body: new TextDecoder().decode(bytes), bodyError: (0,external_node_buffer_namespaceObject.isUtf8)(bytes) ? undefined : 'is not UTF-8' };
}

;// CONCATENATED MODULE: ./src/http/exchange.ts







/** A test compares it with package.json. */
const VERSION = '1.0.0';
/** From connecting to the last byte. */
const MAX_EXCHANGE_MS = 30_000;
/** For each address of a host. Node's 250 ms are too short for a distant one; TCP repeats a lost SYN after 1 and 3 s. */
const MAX_CONNECT_MS = 3_500;
(0,external_node_net_namespaceObject.setDefaultAutoSelectFamilyAttemptTimeout)(MAX_CONNECT_MS);
/**
 * Sends one HTTP request. It never rejects, and resolves within 30 s or as soon as the signal aborts.
 *
 * It uses @actions/http-client for its proxy support, with two differences. Redirects are not followed, because the
 * credentials would be sent along. The body is read here, because http-client's `readBody` never settles if the
 * connection is cut; Node would then have nothing left to do and exit with 0, and the step would succeed.
 */
async function exchange_exchange(request, signal) {
    const trace = new Trace();
    const limit = new AbortController();
    const abort = () => {
        limit.abort();
    };
    const timer = setTimeout(abort, MAX_EXCHANGE_MS);
    signal.addEventListener('abort', abort);
    try {
        // Not `throwIfAborted`: the code of its error is a number.
        if (signal.aborted)
            throw new Error('the exchange was aborted');
        return await traces.run(trace, () => exchange_attempt(request, trace, limit.signal));
    }
    catch (error) {
        const cause = signal.aborted ? 'aborted' : limit.signal.aborted ? 'timeout' : undefined;
        return noResponse(error, trace, cause);
    }
    finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        trace.destroy();
    }
}
async function exchange_attempt(request, trace, signal) {
    const handler = {
        prepareRequest(options) {
            options.signal = signal;
            // http-client keeps the brackets of an IPv6 address, which DNS cannot resolve.
            options.host = withoutBrackets(options.host ?? '');
            const { proxyOptions: proxy } = options.agent;
            if (proxy !== undefined)
                proxy.host = withoutBrackets(proxy.host);
        },
        canHandleAuthentication: () => false,
        handleAuthentication: () => Promise.reject(new Error('no authentication handler')),
    };
    const client = new HttpClient(`wait-for-taurusdb-job/${VERSION}`, [handler], { allowRedirects: false });
    const { method, url, headers, body } = request;
    // Not signed, since proxies may change it.
    const sentHeaders = { ...headers, 'Accept-Encoding': 'identity' };
    const sent = client.request(method, url, body === '' ? null : body, sentHeaders);
    // The signal does not reach a request that is waiting for its proxy, hence the race.
    const { message } = await Promise.race([sent, rejectOn(signal)]);
    trace.phase = 'body';
    const content = await readBody(message);
    return { kind: 'response', status: message.statusCode ?? 0, headers: message.headers, ...content };
}
function withoutBrackets(host) {
    return host.replace(/^\[(.*)\]$/, '$1');
}
async function rejectOn(signal) {
    await (0,external_node_events_namespaceObject.once)(signal, 'abort');
    throw new Error('the exchange was aborted');
}
/** Follows the phases of an exchange through Node's diagnostics of its requests: ours, and CONNECT to a proxy. */
class Trace {
    phase = 'connect';
    #requests = [];
    follow(request) {
        const enter = (phase) => () => {
            this.phase = phase;
        };
        this.#requests.push(request);
        if (request.method === 'CONNECT') {
            this.phase = 'proxy';
            return;
        }
        request.once('socket', (socket) => {
            const connected = enter(request.protocol === 'https:' ? 'tls' : 'headers');
            if (socket.connecting)
                socket.once('connect', connected);
            else
                connected();
            socket.once('secureConnect', enter('headers'));
        });
    }
    /** Whether Node rejected the certificate of the endpoint or of an https proxy. */
    get isUntrusted() {
        const sockets = this.#requests.map(({ socket }) => socket);
        return sockets.some((socket) => socket instanceof external_node_tls_namespaceObject.TLSSocket && Boolean(socket.authorizationError));
    }
    /** Closes all requests; one that is waiting for a silent proxy would stay open forever. */
    destroy() {
        for (const request of this.#requests)
            request.on('error', () => undefined).destroy();
    }
}
const traces = new external_node_async_hooks_namespaceObject.AsyncLocalStorage();
(0,external_node_diagnostics_channel_namespaceObject.subscribe)('http.client.request.created', (message) => {
    traces.getStore()?.follow(message.request);
});
function noResponse(error, trace, cause) {
    const { code, message } = error instanceof Error ? error : new Error(String(error));
    const proxyStatus = /^tunneling socket could not be established, statusCode=(\d+)$/.exec(message)?.[1];
    return {
        kind: 'no-response',
        reason: cause ?? (trace.isUntrusted ? 'certificate' : 'network'),
        phase: trace.phase,
        code,
        message,
        proxyStatus: proxyStatus === undefined ? undefined : Number(proxyStatus),
    };
}

;// CONCATENATED MODULE: ./src/http/wrong-endpoint.ts

/** A new host name may take a while to be known everywhere. */
const MAX_UNKNOWN_MS = 2 * MINUTE;
/** In a row. */
const MAX_WITHOUT_TLS = 5;
/** OpenSSL's errors for bytes that are not TLS, for example those of a plain HTTP server. Only TLS has alerts. */
const NOT_TLS = /^(?!.*\balert\b).*(EPROTO|WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)/is;
/**
 * Sends requests through `send`, and marks failures that will probably last: until an origin has sent a response, a host
 * that does not exist or a port that does not use TLS is more likely a wrong endpoint than a fault that passes.
 *
 * @param now monotonic clock, milliseconds
 */
function detectWrongEndpoints(send, now) {
    const responded = new Set();
    const failures = new Map();
    return async (request, signal) => {
        const { origin } = new URL(request.url);
        const result = await send(request, signal);
        if (result.kind === 'response')
            responded.add(origin);
        // The end of the wait says nothing about the endpoint.
        if (result.kind === 'response' || responded.has(origin) || result.reason === 'aborted')
            return result;
        const before = failures.get(origin) ?? { unknownSince: undefined, withoutTls: 0 };
        const at = now();
        // For a proxy, http-client keeps only the message.
        const error = `${result.code} ${result.message}`;
        const unknownSince = error.includes('ENOTFOUND') ? (before.unknownSince ?? at) : undefined;
        const withoutTls = result.reason === 'network' && NOT_TLS.test(error) ? before.withoutTls + 1 : 0;
        failures.set(origin, { unknownSince, withoutTls });
        if (at - (unknownSince ?? at) >= MAX_UNKNOWN_MS)
            return { ...result, reason: 'unknown-host' };
        return withoutTls >= MAX_WITHOUT_TLS ? { ...result, reason: 'no-tls' } : result;
    };
}

;// CONCATENATED MODULE: ./src/invalid-input.ts

/** Explains why an input's value cannot be used and how to fix it, without quoting the value. */
class InvalidInput {
    /** Reads naturally after the input's name and a colon. */
    problem;
    constructor(problem) {
        this.problem = problem;
    }
}
/** Tag for an {@link InvalidInput}: invalid`must be one of ${names}.` */
function invalid(...problem) {
    return new InvalidInput(phrase(...problem));
}
/** Accepts the spellings of YAML 1.2, as `getBooleanInput` of @actions/core does. */
function parseBoolean(value) {
    if (!/^(true|True|TRUE|false|False|FALSE)$/.test(value))
        return invalid `must be true or false.`;
    return value.toLowerCase() === 'true';
}
/** Whether no value is missing because it was invalid. */
function isComplete(values) {
    return Object.values(values).every((value) => value !== undefined);
}

;// CONCATENATED MODULE: ./src/api/service.ts
/** huaweicloudsdkgaussdb/v3/region/gaussdb_region.py */
const TAURUSDB = {
    gaussdb: ids(`
    cn-north-2 cn-north-4 cn-north-9 cn-east-3 cn-south-1 cn-south-4 cn-southwest-2 ap-southeast-3 ap-southeast-4
    sa-brazil-1 ru-northwest-2`),
    gaussdbformysql: ids('cn-north-11 ap-southeast-1 ap-southeast-2 tr-west-1 me-east-1'),
    'gaussdb-mysql': ids('cn-east-5 cn-southwest-3 la-north-2 af-south-1'),
};
/** huaweicloudsdkrds/v3/region/rds_region.py; huaweicloudsdkdds/v3/region/dds_region.py documents the same regions. */
const RDS_AND_DDS = ids(`
  cn-north-1 cn-north-2 cn-north-4 cn-north-9 cn-north-11 cn-north-12 cn-east-2 cn-east-3 cn-east-4 cn-east-5
  cn-south-1 cn-south-2 cn-south-4 cn-southwest-2 cn-southwest-3 ap-southeast-1 ap-southeast-2 ap-southeast-3
  ap-southeast-4 ap-southeast-5 my-kualalumpur-1 la-north-2 la-south-2 na-mexico-1 sa-brazil-1 af-north-1 af-south-1
  eu-west-0 ru-moscow-1 ru-northwest-2 tr-west-1 me-east-1 ae-ad-1 eu-west-101`);
/** huaweicloudsdkgaussdbforopengauss/v3/region/gaussdbforopengauss_region.py */
const GAUSSDB = {
    'gaussdb-opengauss': ids(`
    cn-north-2 cn-north-4 cn-north-9 cn-east-3 cn-south-1 cn-south-2 cn-south-4 cn-southwest-2 ap-southeast-1
    ap-southeast-2 ap-southeast-3 ap-southeast-4 la-north-2 la-south-2 sa-brazil-1 af-south-1 ru-northwest-2`),
    gaussdb: ids('cn-north-12 cn-east-2 cn-east-4 cn-east-5 ap-southeast-5 af-north-1 tr-west-1 me-east-1'),
};
/** huaweicloudsdkgaussdbfornosql/v3/region/gaussdbfornosql_region.py */
const GEMINIDB = {
    'gaussdb-nosql': ids(`
    cn-north-1 cn-north-2 cn-north-4 cn-north-9 cn-north-11 cn-east-2 cn-east-3 cn-east-4 cn-south-1 cn-south-2
    cn-south-4 cn-southwest-2 cn-southwest-3 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5
    la-north-2 la-south-2 sa-brazil-1 af-south-1 ru-moscow-1 ru-northwest-2 tr-west-1 me-east-1 eu-west-101`),
};
/** The Security Token Service. huaweicloudsdksts/v1/region/sts_region.py */
const service_STS = {
    sts: ids(`
    cn-north-4 cn-east-3 cn-south-1 cn-southwest-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4
    sa-brazil-1 la-south-2 af-south-1 tr-west-1`),
};
function ids(separatedBySpaces) {
    return separatedBySpaces.trim().split(/\s+/);
}
/**
 * The services that document `GET /v3/{project_id}/jobs?id=`, by the value of the input `service`.
 * Source: Huawei Cloud Python SDKs 3.1.219, the requests ShowGaussMySqlJobInfo (TaurusDB), ListJobInfo (RDS),
 * ShowJobDetail (DDS, GaussDB), and ListJobs (GeminiDB).
 */
const SERVICES = {
    taurusdb: { title: 'TaurusDB', hosts: TAURUSDB, field: 'job', hasList: true },
    rds: { title: 'RDS', hosts: { rds: RDS_AND_DDS }, field: 'job', hasList: false },
    dds: { title: 'DDS', hosts: { dds: RDS_AND_DDS }, field: 'job', hasList: false },
    gaussdb: { title: 'GaussDB', hosts: GAUSSDB, field: 'job', hasList: false },
    geminidb: { title: 'GeminiDB', hosts: GEMINIDB, field: 'jobs', hasList: false },
};

;// CONCATENATED MODULE: ./src/api/endpoints.ts



/** Looks up the jobs API of a service in a region; the result has the form of {@link parseEndpoint}. */
function jobsEndpointOf(region, { title, hosts }) {
    return (endpointOf(region, hosts) ??
        invalid `no ${title} host is documented for this region. ${suggestRegions(region, hosts)} Set endpoint, or choose another region.`);
}
/** Looks up the Security Token Service of a region. Any region's works; the nearest is the fastest. */
function stsEndpointOf(region) {
    if (region === undefined)
        return invalid `missing. GitHub OIDC needs sts-endpoint, or region to look it up.`;
    return (endpointOf(region.id, service_STS) ??
        invalid `missing, and no Security Token Service host is documented for the value of ${region.source}. ${suggestRegions(region.id, service_STS)} Set sts-endpoint; the host of any other region works.`);
}
/** Returns the IAM of a region. Source: Huawei Cloud Python SDK huaweicloudsdkiam 3.1.219, region/iam_region.py. */
function iamEndpointOf({ id, source }) {
    return /^[a-z\d-]{1,40}$/.test(id)
        ? urlOf('iam', id)
        : invalid `missing, and the value of ${source} is not a region ID. Set project-id, or a valid region.`;
}
/**
 * Parses an endpoint: host or host:port, with or without `https://` and a path prefix.
 *
 * @param version,resource path segments that the action adds itself
 * @returns scheme, host, and path prefix, without a trailing slash
 */
function parseEndpoint(value, version, resource) {
    if (!/^[!-~]+$/.test(value) || value.includes('\\'))
        return invalid `contains a space, a backslash, or another character that host names cannot contain. Use host or host:port.`;
    const url = parseUrl(value);
    if (url === null)
        return invalid `must be host or host:port, with or without https://.`;
    if (value.includes('@'))
        return invalid `contains a user name or password. Remove them: credentials have their own inputs.`;
    if (/[?#]/.test(value))
        return invalid `contains a query (?) or a fragment (#). Remove it.`;
    if (!isDecodable(url.pathname))
        return invalid `contains a % that is not valid percent-encoding of UTF-8. Write it as %25.`;
    if (!isSecure(url))
        return invalid `must use https://. Plain http:// would expose secrets, so it is allowed only for loopback addresses.`;
    const segments = url.pathname.split('/').filter((segment) => segment !== '');
    const names = segments.map((segment) => decodeURIComponent(segment).toLowerCase());
    return names.some((name) => name === resource || /^(v[1-9](\.\d)?|[\da-f]{32})$/.test(name))
        ? invalid `already contains the API path. Use only the part before /${version}; the action adds the rest.`
        : [url.origin, ...segments].join('/');
}
/** Without a scheme, host or host:port must come first; otherwise `https:/host` would name the host `https`. */
function parseUrl(value) {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value))
        return URL.parse(value);
    return /^(\[[^/\]]*\]|[^/:]+)(:\d+)?(\/|$)/.test(value) ? URL.parse(`https://${value}`) : null;
}
/** Whether requests to the URL cannot be read on the network. */
function isSecure({ protocol, hostname }) {
    return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}
const LOOPBACK = /^(localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/;
function endpointOf(region, hosts) {
    const [host] = Object.entries(hosts).find(([, regions]) => regions.includes(region)) ?? [];
    return host && urlOf(host, region);
}
function urlOf(host, region) {
    return `https://${host}.${region}.myhuaweicloud.${region === 'eu-west-101' ? 'eu' : 'com'}`;
}
/** Names the regions with similar IDs, or all regions if there are none. */
function suggestRegions(region, hosts) {
    const all = Object.values(hosts).flat();
    const typed = region.slice(0, 40).toLowerCase();
    const similar = all.filter((id) => isSimilar(id, typed, MAX_TYPOS));
    return similar.length > 0 ? `Similar regions: ${similar.join(', ')}.` : `Known regions: ${all.join(', ')}.`;
}
const MAX_TYPOS = 2;
/** Whether at most so many insertions, deletions, and replacements of a character make two texts equal. */
function isSimilar(a, b, typos) {
    if (a === b)
        return true;
    const [restA, restB] = [a.slice(1), b.slice(1)];
    if (a.at(0) === b.at(0))
        return isSimilar(restA, restB, typos);
    const corrected = [
        [restA, restB],
        [restA, b],
        [a, restB],
    ];
    return typos > 0 && corrected.some(([left, right]) => isSimilar(left, right, typos - 1));
}

;// CONCATENATED MODULE: ./src/credentials/choice.ts


const ACCESS_KEY = ['access-key-id', 'secret-access-key', 'security-token'];
/** The inputs of each kind of credentials. Only one kind may be set. */
const choice_KINDS = [
    { inputs: ['token'], choose: chooseToken },
    { inputs: ACCESS_KEY, choose: ({ input, check }) => chooseKey(ACCESS_KEY, input, check) },
    { inputs: ['identity-provider-urn', 'agency-urn'], choose: chooseAgency },
    { inputs: ['use-ecs-agency'], choose: () => ECS_AGENCY },
];
/** Environment variables with access keys, in order of precedence. */
const KEY_VARIABLES = [
    // The action huaweicloud/auth-action.
    ['HUAWEI_CLOUD_ACCESS_KEY_ID', 'HUAWEI_CLOUD_SECRET_ACCESS_KEY'],
    // The vendor's SDKs.
    ['HUAWEICLOUD_SDK_AK', 'HUAWEICLOUD_SDK_SK', 'HUAWEICLOUD_SDK_SECURITY_TOKEN'],
    // The Terraform provider huaweicloud/huaweicloud.
    ['HW_ACCESS_KEY', 'HW_SECRET_KEY', 'HW_SECURITY_TOKEN'],
];
const ID_TOKEN_URL = 'ACTIONS_ID_TOKEN_REQUEST_URL';
const ID_TOKEN_BEARER = 'ACTIONS_ID_TOKEN_REQUEST_TOKEN';
/** Registers all secrets, including those that are not used, but not placeholders: they would garble every text. */
function registerSecrets({ input, variable }, secrets) {
    const inputs = ['token', ...ACCESS_KEY].map(input);
    const variables = [...KEY_VARIABLES.flat(), ID_TOKEN_BEARER].map(variable);
    secrets.add(...[...inputs, ...variables].filter((value) => value.length >= MIN_SECRET_LENGTH));
}
/** Chooses the credentials: those in the inputs, otherwise the first access key in the environment. */
function chooseCredentials(reader) {
    const { input, variable, check } = reader;
    const usesEcs = check('use-ecs-agency', parseBoolean(input('use-ecs-agency')));
    if (usesEcs === undefined)
        return undefined;
    const isSet = (name) => (name === 'use-ecs-agency' ? usesEcs : input(name) !== '');
    const [first, second] = choice_KINDS.flatMap(({ inputs, choose }) => {
        const name = inputs.find(isSet);
        return name === undefined ? [] : [{ name, choose }];
    });
    if (first !== undefined && second !== undefined) {
        const problem = invalid `cannot be combined with ${second.name}. Set only one kind of credentials.`;
        return check(first.name, problem);
    }
    if (first !== undefined)
        return first.choose(reader);
    const names = KEY_VARIABLES.find((each) => each.some((name) => variable(name) !== ''));
    if (names !== undefined)
        return chooseKey(names, variable, check);
    return check('token', NO_CREDENTIALS);
}
const NO_CREDENTIALS = invalid `missing, and no other credentials are set. Set identity-provider-urn and agency-urn (GitHub OIDC, without a stored secret), access-key-id and secret-access-key, token, or, on a runner that is an ECS, use-ecs-agency: true. A secret is empty if its name is misspelled, or if a pull request from a fork triggered the workflow.`;
function chooseToken({ input, check }) {
    const problem = invalid `${UNPRINTABLE} Use only the value of the response header X-Subject-Token.`;
    const token = check('token', parseSecret(input('token'), problem));
    if (token === undefined)
        return undefined;
    return { kind: 'token', source: 'an IAM token from the input token', token };
}
const ECS_AGENCY = {
    kind: 'ecs-agency',
    source: 'the agency of this ECS, from its metadata service',
};
function chooseKey(names, value, check) {
    const [idName, secretName, tokenName] = names;
    const given = names.filter((name) => value(name) !== '');
    const missing = invalid `missing, but ${given.join(' and ')} is set. Set ${idName} and ${secretName} together.`;
    const read = (name) => {
        const problem = value(name) === '' ? missing : invalid `${UNPRINTABLE} Use only the key itself.`;
        return check(name, parseSecret(value(name), problem));
    };
    const isTemporary = tokenName !== undefined && given.includes(tokenName);
    const key = {
        id: read(idName),
        secret: read(secretName),
        ...(isTemporary && { securityToken: read(tokenName) }),
    };
    if (!isComplete(key))
        return undefined;
    const source = `${isTemporary ? 'a temporary access key' : 'an access key'} from ${given.join(', ')}`;
    return { kind: 'access-key', source, key };
}
/** For GitHub OIDC. */
function chooseAgency({ input, variable, region, check }) {
    const [sts, audience, runId] = [input('sts-endpoint'), input('audience'), variable('GITHUB_RUN_ID')];
    const stsEndpoint = sts === '' ? stsEndpointOf(region) : parseEndpoint(sts, 'v5', 'agencies');
    const idTokenRequest = parseIdTokenRequest(variable(ID_TOKEN_URL), variable(ID_TOKEN_BEARER));
    const readUrn = (name, type) => check(name, parseUrn(input(name), type));
    const agency = {
        identityProviderUrn: readUrn('identity-provider-urn', ':oidcProvider:'),
        idTokenRequest: check('identity-provider-urn', idTokenRequest),
        agencyUrn: readUrn('agency-urn', ':agency:'),
        audience: check('audience', /^[!-~]{1,255}$/.test(audience) ? audience : INVALID_AUDIENCE),
        stsEndpoint: check('sts-endpoint', stsEndpoint),
        sessionName: /^\d{1,20}$/.test(runId) ? `GitHubActions-${runId}` : 'GitHubActions',
    };
    if (!isComplete(agency))
        return undefined;
    return { kind: 'agency', source: 'GitHub OIDC with identity-provider-urn and agency-urn', agency };
}
/** Source: Huawei Cloud IAM API Reference (new edition): a URN is `iam::{account id}:{type}:{name}`. */
function parseUrn(value, type) {
    if (value === '')
        return invalid `missing. GitHub OIDC needs both identity-provider-urn and agency-urn.`;
    return /^iam:[^:]*:[^:]+:[!-~]{1,1400}$/.test(value) && value.includes(type)
        ? value
        : invalid `must be a URN of the form iam::{account id}${type}{name}, as the IAM console shows it.`;
}
/** The runner sets both variables if the job has the permission. */
function parseIdTokenRequest(url, bearer) {
    if (url === '' || bearer === '')
        return NO_ID_TOKEN;
    const parsed = URL.parse(url);
    const isBearer = PRINTABLE.test(bearer) && bearer.length >= MIN_SECRET_LENGTH;
    return parsed !== null && isSecure(parsed) && isBearer
        ? { url, bearer }
        : invalid `needs a GitHub ID token, but ${ID_TOKEN_URL} or ${ID_TOKEN_BEARER} is not in the format that a runner sets. Do not change these variables.`;
}
const NO_ID_TOKEN = invalid `needs a GitHub ID token, but this job is not allowed to request one. Workflows that a fork's pull request triggers never are. Otherwise, add the permission to the job (and to the calling job of a reusable workflow), together with all others that the job needs:
  \`\`\`yaml
  permissions:
    id-token: write
    contents: read
  \`\`\``;
const INVALID_AUDIENCE = invalid `must be a client ID of the identity provider: 1 to 255 characters without spaces.`;
/** A shorter value is not a real key or token. */
const MIN_SECRET_LENGTH = 8;
function parseSecret(value, problem) {
    if (!PRINTABLE.test(value))
        return problem;
    return value.length < MIN_SECRET_LENGTH
        ? invalid `has only ${value.length} characters, so it is not a real key or token. Set the real value, or none.`
        : value;
}
/** What a header can contain. */
const PRINTABLE = /^[!-~]+$/;
const UNPRINTABLE = 'contains a space, a line break, or a character other than printable ASCII.';

;// CONCATENATED MODULE: ./src/http/proxy.ts


/** The environment variables that @actions/http-client reads, in order of precedence. */
const PROXY_VARIABLES = ['https_proxy', 'HTTPS_PROXY'];
const NO_PROXY_VARIABLES = ['no_proxy', 'NO_PROXY'];
/**
 * Parses a proxy variable, as curl does: a URL, whose scheme may be missing.
 *
 * @returns a URL that @actions/http-client reads in the same way
 */
function parseProxy(value) {
    const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`);
    // A # or / in the password would end the host name, and the rest of the URL would name another host.
    const isWhole = url !== null && url.pathname === '/' && !/[?#]/.test(value);
    return isWhole && /^https?:$/.test(url.protocol) && isDecodable(url.username) && isDecodable(url.password)
        ? url.href
        : invalid `is not the URL of an HTTP proxy. Use http://host:port or http://user:password@host:port. In user and password, write % as %25, # as %23, / as %2F, ? as %3F, and @ as %40.`;
}
/** Adapts `*.domain` and separating spaces, which @actions/http-client does not know. */
function parseNoProxy(value) {
    const hosts = value.split(/[\s,]+/).filter((host) => host !== '');
    return hosts.map((host) => host.replace(/^\*\./, '.')).join(',');
}

;// CONCATENATED MODULE: ./src/wait-for.ts






/** That the job completed, also that its instance is available, or also that the instance accepts connections. */
const UNTIL = ['completed', 'available', 'connectable'];
/** Results with which a step can succeed. */
const SUCCESS_RESULTS = ['completed', 'vanished', 'canceled', 'timed-out'];
/** Reads which IDs to wait for, and what for. */
function readWaitFor({ input, check }, service, secrets) {
    const [kind = 'job', other] = KINDS.filter((each) => input(`${each}-id`) !== '');
    const ids = other === undefined
        ? parseIds(input(`${kind}-id`), kind, secrets)
        : invalid `cannot be combined with ${kind}-id. Set only one of them.`;
    const given = input('wait-until') || (kind === 'instance' ? 'available' : 'completed');
    const until = UNTIL.find((each) => each === given) ?? invalid `must be completed, available, or connectable.`;
    const address = input('connect-to');
    // Orders and instances need TaurusDB anyway.
    const isPlain = kind !== 'job' || until === 'completed' || until instanceof InvalidInput;
    const waitFor = {
        kind,
        ids: check(`${other ?? kind}-id`, kind === 'job' ? ids : (needsTaurusdb(service, 'job-id') ?? ids)),
        until: check('wait-until', isPlain ? until : (needsTaurusdb(service, 'wait-until: completed') ?? until)),
        /** Where to connect to, instead of the address of the instance. */
        ...(address !== '' && { connectTo: check('connect-to', parseConnectTo(address, until)) }),
    };
    return isComplete(waitFor) ? { connectTo: undefined, ...waitFor } : undefined;
}
function needsTaurusdb(service, alternative) {
    return service instanceof InvalidInput || service.hasList
        ? undefined
        : invalid `works only with service: taurusdb. For ${service.title}, use ${alternative}.`;
}
function parseConnectTo(value, until) {
    if (until !== 'connectable')
        return invalid `works only with wait-until: connectable.`;
    return parseAddress(value) ?? invalid `must be host:port, for example 192.168.0.10:3306, without a scheme.`;
}
/** Parses results separated by commas or line breaks. */
function parseSuccessResults(value) {
    const results = new Set(value.split(/[,\s]+/).filter((result) => result !== ''));
    const known = SUCCESS_RESULTS.filter((result) => results.has(result));
    if (known.length < results.size)
        return invalid `can contain only ${SUCCESS_RESULTS.join(', ')}. With any other result, the step always fails.`;
    return known.includes('completed')
        ? known
        : invalid `must contain completed, for example completed,vanished.`;
}
/** Where a response contains the ID, the largest number of IDs, and what to do if the response contains none. */
const RULES = {
    // The outputs have no room for more jobs. More orders or instances would take too many requests.
    job: {
        field: 'job_id',
        max: 500,
        hint: 'A yearly/monthly order returns an order_id instead: use order-id.',
    },
    order: { field: 'order_id', max: 50, hint: 'A pay-per-use order returns a job_id instead: use job-id.' },
    instance: { field: 'instance.id', max: 20, hint: '' },
};
/** Parses at least one ID, separated by commas or line breaks; duplicates are removed, ignoring case. */
function parseIds(value, kind, secrets) {
    const ids = splitIds(value, kind, secrets);
    if (ids instanceof InvalidInput)
        return ids;
    if (ids.length === 0)
        return invalid `contains no ID. Set at least one ${kind} ID.`;
    const [pattern, characters] = kind === 'instance'
        ? [INSTANCE_ID, 'letters, digits, underscores, and hyphens']
        : [JOB_ID, 'printable ASCII characters without spaces'];
    const invalidAt = ids.findIndex((id) => !pattern.test(id));
    if (invalidAt >= 0)
        return invalid `must contain IDs of 1 to 128 ${characters}, separated by commas or line breaks. ID number ${invalidAt + 1} is not valid.`;
    const distinct = [...Map.groupBy(ids, (id) => id.toLowerCase()).values()].map(([id = '']) => id);
    const { max } = RULES[kind];
    return distinct.length > max
        ? invalid `contains ${distinct.length} IDs, but a step can wait for at most ${max} ${kind}s. Use several steps.`
        : distinct.map((id) => toId(id, secrets));
}
/** What expressions, shells, jq, and Terraform make of a field that an earlier step's response does not contain. */
const MISSING_VALUE = /^(null|\(null\)|undefined|none|\(none\)|nil|nan|n\/?a|object|array|<(none|nil|null|undefined|sensitive|no value)>|%!s\(<nil>\)|system\.[\w.]{1,99}(\[\])?|\*{1,9})$/i;
/** What is left of a variable or expression that was not expanded. */
const VARIABLE = /^(\$\w{1,99}|\$?\{.{1,99}\}|%\w{1,99}%|\$env:\w{1,99})$/i;
/** A field with its name, in JSON, YAML, or an assignment. */
const FIELD = /^\W{0,3}((job|order|instance)_?)?id"?\s*[:=]/i;
/** Accepts a list, a JSON array, and quotes around each or all of it, and recognizes values that can't be IDs. */
function splitIds(value, kind, secrets) {
    const { field, hint } = RULES[kind];
    if (value === '')
        return invalid `missing. Check that the earlier step succeeded, and that the step ID and output name in the expression are spelled correctly. ${RULES.job.hint}`;
    const outer = parseJson(value);
    const text = (0,external_node_util_namespaceObject.stripVTControlCharacters)(typeof outer === 'string' ? outer : value.replace(/^'([^']*)'$/, '$1')).trim();
    if (/^\W{0,2}\[[A-Z_]*ERROR\]/im.test(text))
        return invalid `contains an error of KooCLI: “${secrets.text(text)}”. Fix the call in the earlier step.`;
    if (text.startsWith('{') && /"err(or)?_?(code|msg)"\s*:\s*["\d]/i.test(text))
        return invalid `contains an error of the service: “${secrets.text(text)}”. Fix the call in the earlier step.`;
    // Also several objects, or one that something follows, for example a status code.
    if (text.startsWith('{'))
        return invalid `is a JSON object, probably the whole response. Pass only its field ${field}: with fromJSON in an expression, or with jq -r .${field} in a shell.`;
    if (/^<(!doctype|html)\b/i.test(text))
        return invalid `is an HTML page, probably the response of a gateway. Fix the call in the earlier step.`;
    const texts = readTexts(text);
    if (texts === undefined)
        return invalid `is not a valid JSON array of texts. Use IDs separated by commas or line breaks.`;
    const ids = texts
        .flatMap((each) => each.split(/[,\r\n]/))
        .map((id) => id.trim().replace(/^(\\?["'])(.*)\1$/, '$2'))
        .filter((id) => id !== '');
    const missing = ids.find((id) => MISSING_VALUE.test(id));
    if (missing !== undefined)
        return invalid `contains the word “${secrets.text(missing)}” instead of an ID, probably because the earlier step's response has no ${kind} ID: read its field .${field}. ${hint}`;
    const variable = ids.find((id) => VARIABLE.test(id));
    if (variable !== undefined)
        return invalid `contains “${secrets.text(variable)}” instead of an ID: a variable or expression that was not expanded. Pass the output of the earlier step as an expression.`;
    if (ids.some((id) => FIELD.test(id)))
        return invalid `contains the name of a field. Pass only its value: the ${kind} ID.`;
    return ids.some((id) => /^<?[a-z]+:\/\/|\/jobs\?id=/i.test(id))
        ? invalid `is a URL. Pass only the ${kind} ID: the field .${field} of the response.`
        : ids;
}
/** Returns the texts of a list: a JSON array, also as Terraform shows it, or the text itself; undefined if it is not valid. */
function readTexts(text) {
    const list = text.replace(/^to(?:list|set)\((.*)\)$/s, '$1');
    if (!list.startsWith('['))
        return [text];
    const items = list.slice(0, -1).trimEnd();
    const json = items.endsWith(',') ? `${items.slice(0, -1)}]` : list;
    return array(schemas_string()).safeParse(parseJson(json)).data;
}

;// CONCATENATED MODULE: ./src/inputs.ts










/** All inputs with their defaults; a test compares them with action.yml and the README. */
const INPUTS = {
    endpoint: '',
    region: '',
    'project-id': '',
    'iam-endpoint': '',
    'job-id': '',
    'order-id': '',
    'instance-id': '',
    'wait-until': '',
    'connect-to': '',
    token: '',
    'access-key-id': '',
    'secret-access-key': '',
    'security-token': '',
    'identity-provider-urn': '',
    'agency-urn': '',
    audience: 'sts.myhuaweicloud.com',
    'sts-endpoint': '',
    'use-ecs-agency': 'false',
    timeout: '60m',
    'poll-interval': 'auto',
    'fail-fast': 'false',
    'success-results': 'completed',
    service: 'taurusdb',
    language: 'en-us',
};
/** Environment variables that replace inputs, in order of precedence. */
const PROJECT_VARIABLES = ['HUAWEI_CLOUD_PROJECT_ID', 'HUAWEICLOUD_SDK_PROJECT_ID'];
const REGION_VARIABLES = ['HUAWEI_CLOUD_REGION', 'HW_REGION_NAME'];
/**
 * Reads and validates all inputs, after registering the secrets among them.
 *
 * @param getInput returns an input's value; empty if it is not set
 * @returns the settings, or all problems in the order of action.yml: `name: problem`; none quotes a value, except an error of KooCLI
 */
function readInputs(getInput, env, secrets) {
    const problems = [];
    const input = (name) => getInput(name).trim() || INPUTS[name];
    const variable = (name) => env[name]?.trim() ?? '';
    const check = (name, value) => {
        if (!(value instanceof InvalidInput))
            return value;
        problems.push(phrase `${name}: ${value.problem}`);
        return undefined;
    };
    registerSecrets({ input, variable }, secrets);
    const regions = REGION_VARIABLES.map((source) => ({ id: variable(source), source }));
    const region = [{ id: input('region'), source: 'region' }, ...regions].find(({ id }) => id !== '');
    const reader = { input, variable, region, check };
    const service = Object.entries(SERVICES).find(([name]) => name === input('service'))?.[1] ??
        invalid `must be one of ${Object.keys(SERVICES).join(', ')}.`;
    const language = input('language');
    const settings = {
        endpoint: readEndpoint(reader, service),
        project: readProject(reader),
        waitFor: readWaitFor(reader, service, secrets),
        credentials: chooseCredentials(reader),
        /** Milliseconds. */
        timeout: check('timeout', parseDurationBetween(input('timeout'), SECOND, 120 * HOUR)),
        /** Milliseconds between two requests for a job. */
        pollInterval: check('poll-interval', parsePollInterval(input('poll-interval'))),
        failFast: check('fail-fast', parseBoolean(input('fail-fast'))),
        successResults: check('success-results', parseSuccessResults(input('success-results'))),
        service: check('service', service),
        language: check('language', /^(en-us|zh-cn)$/.test(language) ? language : invalid `must be en-us or zh-cn.`),
        environment: readEnvironment(reader),
    };
    return isComplete(settings) ? settings : { problems };
}
/** Returns the endpoint of the service in the form of {@link parseEndpoint}. */
function readEndpoint({ input, region, check }, service) {
    const given = input('endpoint');
    if (given !== '' || region === undefined)
        return check('endpoint', given === '' ? NO_ENDPOINT : parseEndpoint(given, 'v3', 'jobs'));
    return service instanceof InvalidInput
        ? undefined
        : check(region.source, jobsEndpointOf(region.id, service));
}
const NO_ENDPOINT = invalid `missing. Set region (for example cn-north-4), or set endpoint to the host of the service's API.`;
/** Without an ID, the project of the region is looked up. */
function readProject({ input, variable, region, check }) {
    const id = input('project-id') || (PROJECT_VARIABLES.map(variable).find(Boolean) ?? '');
    const iam = input('iam-endpoint');
    const given = iam === '' ? undefined : check('iam-endpoint', parseEndpoint(iam, 'v3', 'projects'));
    if (iam !== '' && given === undefined)
        return undefined;
    if (id !== '')
        return check('project-id', parseProjectId(id));
    const iamEndpoint = check('project-id', region === undefined ? NO_PROJECT : iamEndpointOf(region));
    return region && iamEndpoint && { region: region.id, iamEndpoint: given ?? iamEndpoint };
}
const NO_PROJECT = invalid `missing. Set project-id, or the environment variable ${PROJECT_VARIABLES[0]}, to the ID of the project; or set region to look it up.`;
function parseProjectId(value) {
    return PROJECT_ID.test(value)
        ? value
        : invalid `must be exactly 32 letters and digits; the value has ${value.length} characters. Use the project ID, not the project name (a name looks like cn-north-4). The console shows it under My Credentials > Projects.`;
}
function parsePollInterval(value) {
    return value === 'auto' ? value : parseDurationBetween(value, SECOND, 10 * MINUTE, 'auto or a duration');
}
function parseDurationBetween(text, min, max, form = 'a duration') {
    const duration = parseDuration(text);
    return duration !== undefined && duration >= min && duration <= max
        ? duration
        : invalid `must be ${form} from ${formatDuration(min)} to ${formatDuration(max)}, for example 90 (seconds), 45s, or 5m.`;
}
/** Returns the environment variables as Node.js and @actions/http-client have to see them. */
function readEnvironment({ variable, check }) {
    const proxy = PROXY_VARIABLES.find((name) => variable(name) !== '');
    const url = proxy === undefined ? '' : check(proxy, parseProxy(variable(proxy)));
    if (url === undefined)
        return undefined;
    const hosts = NO_PROXY_VARIABLES.map(variable).find(Boolean) ?? '';
    const noProxy = parseNoProxy(`${hosts},${METADATA_HOST}`);
    return {
        // All names, because http-client would prefer a variable that contains only spaces.
        ...Object.fromEntries(PROXY_VARIABLES.map((name) => [name, url])),
        ...Object.fromEntries(NO_PROXY_VARIABLES.map((name) => [name, noProxy])),
        // Certificates are always verified, also those of proxies, for which http-client has no option.
        NODE_TLS_REJECT_UNAUTHORIZED: '1',
    };
}
/** Whether the log is styled: only for the runner's log viewer, and unless NO_COLOR is set (https://no-color.org). */
function usesColor(env) {
    return env['GITHUB_ACTIONS'] === 'true' && (env['NO_COLOR'] ?? '') === '';
}

;// CONCATENATED MODULE: ./src/report/titles.ts
/** Titles of error annotations; each is a heading in docs/troubleshooting.md, "Annotations". */
const TITLES = {
    inputs: 'Invalid inputs',
    failed: 'The job failed',
    canceled: 'The job was canceled',
    'timed-out': 'The wait timed out',
    'not-found': 'The job was not found',
    'order-not-found': 'No job found for the order',
    vanished: 'The job can no longer be found',
    'instance-vanished': 'The instance can no longer be found',
    'not-ready': 'The instance is not ready',
    interrupted: 'The wait was interrupted',
    credentials: 'Authentication failed',
    'id-token': 'GitHub did not issue an ID token',
    agency: 'Could not assume the agency',
    'ecs-agency': 'The ECS provides no keys',
    project: 'The project could not be looked up',
    permission: 'Permission denied',
    redirect: 'The endpoint returned a redirect',
    endpoint: 'The endpoint cannot be reached',
    certificate: 'The certificate is not trusted',
    proxy: 'The proxy refused the connection',
    request: 'The request was rejected',
    unusable: 'The responses are not usable',
    'other-job': 'The response is about another job',
    several: 'Several jobs did not complete',
    'several-instances': 'Several instances are not ready',
    outputs: 'Could not write the outputs',
    internal: 'Internal error',
};
/** What to do next, where that is the same for every job. */
const NEXT_STEPS = {
    failed: 'For details, see the task center in the console. Before you rerun the step that created the job, check the instance: changes that the job already made may not be rolled back.',
    canceled: 'It was canceled in the cloud. If you still need the operation, rerun the step that started it.',
    'order-not-found': 'Check in the console that the order is paid and has not expired, and that project-id and endpoint are those of the region in which it was placed. To resume waiting, run a step with the same order-id.',
    'not-found': 'Check region (or endpoint), project-id, service, and job-id: a job can be queried only in its own project and region, and only for a month.',
    vanished: "Check the instance in the console. Possible causes: the instance was deleted together with its jobs; the task's record was deleted in the console, although the task may still be running; or the job is older than a month.",
    'instance-vanished': 'Check in the console whether the instance was deleted, and that instance-id, project-id, and region (or endpoint) are those of the instance.',
    'no-instance': 'Use wait-until: completed for this job, or wait for its instance with instance-id.',
    'no-address': 'Set connect-to to the host and port of the database.',
    'failed-instance': 'Check the instance in the console. FAILED usually means that it could not be created; FROZEN usually means that the account is in arrears.',
    'not-connectable': "Check that this runner can reach the address (is it inside the VPC?), that the instance's security group allows this runner, and that connect-to, if set, is the address of the database or of a proxy in front of it.",
    credentials: 'Check the credentials.',
    'id-token': 'GitHub rejected the request. Check that the job has the permission id-token: write. If the run has been waiting for days, start a new one.',
    agency: "Check identity-provider-urn, agency-urn, audience, and the agency's trust policy: its conditions on oidc:sub, oidc:aud, and oidc:iss must all match this workflow. See docs/credentials.md.",
    'ecs-agency': 'Check that this runner is an ECS that has an agency. See docs/credentials.md.',
    project: 'Set project-id to the ID of the project that contains the instance: the console shows it on the page My Credentials. To look it up, the region must have exactly one project of that name, and the user or agency needs the permission iam:projects:listProjects.',
    permission: "Check that the user or agency has permission to list the service's tasks (for TaurusDB: gaussdbformysql:task:list, or gaussdb:instance:list in a role), and that project-id is the project of the job.",
    redirect: 'Redirects are not followed, because they would pass on the credentials. Set endpoint to the host of the API itself. A proxy that requires a sign-in can also cause this.',
    endpoint: 'Check the spelling of the endpoint and its port, and whether this runner can reach it.',
    certificate: 'Check the spelling of the endpoint. If a proxy or a private CA issues the certificate, save the CA certificate to a file and set NODE_EXTRA_CA_CERTS to its path. NODE_TLS_REJECT_UNAUTHORIZED has no effect on this action.',
    proxy: 'Check https_proxy (it must contain user and password if the proxy requires them) and no_proxy, and that the proxy allows connections to the endpoint.',
    request: 'Check region (or endpoint) and project-id: both must be those of the instance.',
    unusable: 'Check endpoint and service: the endpoint must be the API host of that service, not the console, a proxy, or another service.',
    'other-job': 'The status of the requested job is not known. Check the endpoint, and any cache or gateway in front of it.',
    internal: 'Please report this error with the log of the step. The job in the cloud is not affected. To resume waiting, run a step with the same ID.',
};

;// CONCATENATED MODULE: ./src/report/annotation.ts


/** Jobs named in one annotation; the others are counted. */
const MAX_NAMED = 10;
/** The one annotation for a wait: a notice if the step succeeds, otherwise an error. */
function annotationOf(results) {
    const failures = results.filter(({ isSuccess }) => !isSuccess);
    // Jobs that fail-fast ended did not cause the failure.
    const causes = failures.filter(({ outcome }) => outcome.result !== 'interrupted' || outcome.by === 'signal');
    const [first] = causes;
    if (first === undefined)
        return noticeOf(results);
    if (failures.length === 1)
        return first;
    const haveSameTitle = causes.every(({ title }) => title === first.title);
    const haveSameSteps = causes.every(({ nextSteps }) => nextSteps === first.nextSteps);
    const words = wordsFor(results);
    const stopped = failures.length - causes.length;
    return {
        title: haveSameTitle ? first.title : TITLES[words === WORDS.jobs ? 'several' : 'several-instances'],
        lines: [
            phrase `${failures.length} of ${results.length} ${words.noun} ${words.notSucceeded}:`,
            ...listOf(causes.flatMap(({ lines }) => lines)),
            ...(stopped > 0 ? [phrase `- ${stopped} no longer polled because fail-fast is on`] : []),
        ],
        nextSteps: haveSameSteps ? first.nextSteps : 'For the next steps, see the job summary.',
    };
}
function noticeOf(results) {
    const messages = results.map(({ message }) => message);
    const accepted = acceptedPhrase(results);
    const [first] = results;
    if (first !== undefined && results.length === 1) {
        return { title: first.title, lines: [...messages, ...accepted], nextSteps: '' };
    }
    const { noun, succeeded } = wordsFor(results);
    const title = accepted.length > 0 ? 'The step succeeded' : `All ${results.length} ${noun} ${succeeded}`;
    return { title, lines: [...listOf(messages), ...accepted], nextSteps: '' };
}
function listOf(messages) {
    const items = messages.slice(0, MAX_NAMED).map((message) => phrase `- ${message}`);
    const rest = messages.length - items.length;
    return rest > 0 ? [...items, phrase `- and ${rest} more`] : items;
}
/** Says that results other than `completed` count as a success, if there are any in a step that succeeds. */
function acceptedPhrase(results) {
    const others = new Set(results.map(({ outcome }) => outcome.result));
    others.delete('completed');
    if (others.size === 0 || !results.every(({ isSuccess }) => isSuccess))
        return [];
    return [phrase `The step succeeds because success-results contains ${[...others].join(', ')}.`];
}
/** What several results are about, and how to say that they are a success, or not. */
function wordsFor(results) {
    if (results.some(({ state }) => state.kind === 'instance'))
        return WORDS.instances;
    const isReadiness = results.some(({ instance, outcome }) => instance ?? outcome.result === 'not-ready');
    return isReadiness ? WORDS.readiness : WORDS.jobs;
}
const WORDS = {
    jobs: { noun: 'jobs', succeeded: 'completed', notSucceeded: 'did not complete' },
    readiness: { noun: 'jobs', succeeded: 'have a ready instance', notSucceeded: 'have no ready instance' },
    instances: { noun: 'instances', succeeded: 'are ready', notSucceeded: 'are not ready' },
};
/** The annotation for all invalid inputs together. */
function inputsAnnotation(problems) {
    return {
        title: TITLES.inputs,
        lines: problems.map((problem) => phrase `- ${problem}`),
        nextSteps: `No request was sent. Fix ${problems.length === 1 ? 'this input' : 'these inputs'} and run the step again.`,
    };
}

;// CONCATENATED MODULE: ./src/judge/history.ts
/** Points kept per job; above it every second one is dropped, so that memory stays bounded in a long wait. */
const MAX_POINTS = 100;
/** Adds what was seen at a moment: a new point if it differs from the last. The first and the newest point stay. */
function recordPoint(history, seen) {
    const last = history.at(-1);
    const isSame = last?.status.equals(seen.status) === true;
    if (isSame && last.progress === seen.progress)
        return [...history.slice(0, -1), { ...last, until: seen.at }];
    const kept = history.length < MAX_POINTS ? history : history.filter((_point, index) => index % 2 === 0);
    // Equal statuses share one text, since a long wait has many points.
    return [...kept, { ...seen, status: isSame ? last.status : seen.status, until: seen.at }];
}
/** When the highest progress was first seen. */
function furthestAt(history) {
    const furthest = Math.max(...history.map(({ progress = 0 }) => progress));
    return history.find(({ progress = 0 }) => progress === furthest)?.at ?? 0;
}

;// CONCATENATED MODULE: ./src/judge/tally.ts

/** Labels kept per job; further ones are counted together. */
const MAX_LABELS = 20;
const REST = 'other responses';
function count(tally, label) {
    const index = tally.findIndex((entry) => sameLabel(entry.label, label));
    const known = tally[index];
    if (known !== undefined)
        return tally.with(index, { ...known, count: known.count + 1 });
    return tally.length < MAX_LABELS || label === REST ? [...tally, { label, count: 1 }] : count(tally, REST);
}
/** The number of results, including requests without a response. */
function total(tally) {
    return tally.reduce((sum, entry) => sum + entry.count, 0);
}
function sameLabel(a, b) {
    return a instanceof UntrustedText && b instanceof UntrustedText ? a.equals(b) : a === b;
}

;// CONCATENATED MODULE: ./src/judge/judge.ts




/** A new job may be unknown for "several seconds" (API Reference, "Constraints"); an order has no job until it is paid. */
const GRACE_PERIOD = { job: 2 * MINUTE, order: 10 * MINUTE };
const PENDING_WARNING_AFTER = 10 * MINUTE;
/** After a create, an instance is ACTIVE for a moment before its first backup. */
const STABLE_AFTER = 1 * MINUTE;
/** Faults for longer than this may have hidden another status. */
const MAX_GAP = 45 * SECOND;
/** A new job may be missing from the list for some seconds. */
const IDLE_FOR = 5 * SECOND;
/** Consecutive responses after which the wait for the job ends. */
const MAX_UNUSABLE = 5;
const MAX_MISSING = 3;
const judge_MAX_REJECTIONS = 2;
/** A hostile service could cause a warning with each response. */
const MAX_WARNED_STATUSES = 10;
const NONE_IN_A_ROW = { missing: 0, unusable: 0, rejections: 0, faults: 0 };
function initialState(id, kind = 'job') {
    return {
        kind,
        id,
        // A job named the instance, or the user.
        isSeen: kind === 'instance',
        history: [],
        tally: [],
        warnedStatuses: [],
        ...NONE_IN_A_ROW,
        retries: 0,
    };
}
/**
 * What a response received at a moment means: the tables of docs/reference.md.
 *
 * @param sentAt when its request was sent
 */
function judge(before, response, at, sentAt = at) {
    const state = { ...before, last: response, tally: count(before.tally, labelOf(response)) };
    switch (response.kind) {
        case 'job':
            return judgeJob({ ...state, isSeen: state.isSeen || response.isFromList !== true }, response.job, at);
        case 'instance':
            return judgeInstance(state, response.instance, at, sentAt);
        case 'busy':
            return {
                state: seen({ ...state, job: response.job }, response.job.status.label, at, response.job.progress),
            };
        case 'idle': {
            const idleSince = before.last?.kind === 'idle' ? (before.idleSince ?? at) : at;
            const idle = { ...state, ...NONE_IN_A_ROW, job: undefined, idleSince };
            return { state: idle, outcome: sentAt - idleSince >= IDLE_FOR ? { result: 'completed' } : undefined };
        }
        case 'connection': {
            const connection = { ...response, since: state.connection?.since ?? at };
            const next = seen({ ...state, connection }, response.label, at);
            return { state: next, outcome: response.isAccepted ? { result: 'completed' } : undefined };
        }
        case 'not-found-yet':
            return judgeNotFound({ ...state, ...NONE_IN_A_ROW, missing: state.missing }, response.detail, at);
        case 'unusable': {
            const next = { ...state, faults: 0, unusable: state.unusable + 1 };
            return next.unusable < MAX_UNUSABLE
                ? retry(next)
                : { state: next, outcome: { result: 'error', reason: 'unusable', detail: response.detail } };
        }
        case 'rejected': {
            const next = { ...state, rejections: state.rejections + 1 };
            return response.isRenewable === true && next.rejections < judge_MAX_REJECTIONS
                ? retry(next)
                : { state: next, outcome: { result: 'error', reason: response.reason, detail: response.detail } };
        }
        case 'transient':
            return retry({ ...state, faults: state.faults + 1 });
    }
}
function labelOf(response) {
    if ('detail' in response)
        return response.detail.label;
    if ('label' in response)
        return response.label;
    if (response.kind === 'instance')
        return response.instance.status.label;
    return response.kind === 'job' ? response.job.status.label : LABELS[response.kind];
}
const LABELS = { busy: 'a job is running', idle: 'no job is running' };
/** Records what was seen. */
function seen(before, status, at, progress) {
    const history = recordPoint(before.history, { at, status, progress });
    return { ...before, ...NONE_IN_A_ROW, progress, history };
}
function judgeJob(before, job, at) {
    const { meaning, label } = job.status;
    const progress = meaning === 'completed' ? 100 : (job.progress ?? before.progress);
    const since = before.pendingSince ?? at;
    const pendingSince = meaning === 'pending' ? since : undefined;
    const state = seen({ ...before, job, pendingSince }, label, at, progress);
    switch (meaning) {
        case 'completed':
        case 'failed':
        case 'canceled':
            return { state, outcome: { result: meaning } };
        case 'running':
            return { state };
        case 'pending':
            return at - since >= PENDING_WARNING_AFTER ? warnOnce(state, label, [LONG_PENDING]) : { state };
        case 'unauthorized':
            return warnOnce(state, label, phrase `has the status “${label}”: it needs authorization in the console`);
        case 'unknown':
            return warnOnce(state, label, phrase `has the unknown status “${label}”. The wait continues`);
    }
}
function judgeInstance(before, instance, at, sentAt) {
    const { meaning, label } = instance.status;
    const since = wasInterrupted(before, at) ? at : (before.activeSince ?? at);
    const activeSince = meaning === 'active' ? since : undefined;
    const state = seen({ ...before, job: undefined, instance, activeSince }, label, at);
    switch (meaning) {
        case 'active':
            return { state, outcome: sentAt - since >= STABLE_AFTER ? { result: 'completed' } : undefined };
        case 'failed':
            return { state, outcome: { result: 'not-ready', cause: 'failed' } };
        case 'busy':
            return { state };
        case 'unknown': {
            const what = phrase `has the status “${label}”, which may need attention. The wait continues`;
            return warnOnce(state, label, what);
        }
    }
}
/** Whether the instance may have had another status since it was last seen. */
function wasInterrupted({ history, missing, faults, unusable, rejections }, at) {
    const hadFault = faults + unusable + rejections > 0;
    return missing > 0 || (hadFault && at - (history.at(-1)?.until ?? at) > MAX_GAP);
}
const LONG_PENDING = "has been Pending for 10 minutes. It may be a delayed operation, which starts in the instance's maintenance window";
function warnOnce(state, status, what) {
    const { warnedStatuses } = state;
    const isWarned = warnedStatuses.some((warned) => warned.equals(status));
    if (isWarned || warnedStatuses.length >= MAX_WARNED_STATUSES)
        return { state };
    return {
        state: { ...state, warnedStatuses: [...warnedStatuses, status] },
        warning: phrase `${NOUNS[state.kind]} ${state.id.text} ${what}.`,
    };
}
/** A kind at the start of a sentence. */
const NOUNS = { job: 'Job', order: 'Order', instance: 'Instance' };
function judgeNotFound(before, detail, at) {
    // A job that only the list contains, and not for long, may still be unknown to the jobs call.
    const listedFor = (before.history.at(-1)?.until ?? at) - (before.history[0]?.at ?? at);
    if (before.isSeen || listedFor >= GRACE_PERIOD.job) {
        const state = { ...before, missing: before.missing + 1 };
        return state.missing < MAX_MISSING ? { state } : { state, outcome: { result: 'vanished', detail } };
    }
    const notFoundSince = before.notFoundSince ?? at;
    const state = { ...before, notFoundSince };
    const notFoundFor = at - notFoundSince;
    return notFoundFor < GRACE_PERIOD[state.kind === 'order' ? 'order' : 'job']
        ? { state }
        : { state, outcome: { result: 'not-found', detail, notFoundFor } };
}
function retry(state) {
    return { state: { ...state, retries: state.retries + 1 } };
}

;// CONCATENATED MODULE: ./src/report/explain.ts





/** Explains how a wait ended; `timeout` in milliseconds. */
function explainResults(results, timeout, successResults) {
    return results.map((result) => {
        const isSuccess = successResults.includes(result.outcome.result);
        return { ...result, ...explainOutcome(result, formatDuration(timeout)), isSuccess };
    });
}
function explainOutcome(result, timeout) {
    const { state, instance, outcome } = result;
    const subject = instance ?? state;
    const { kind, last } = subject;
    const name = phrase `${NOUNS[kind]} ${explain_nameOf(subject)}`;
    const status = lastStatus(subject);
    const resume = resumeOf(subject, state.kind);
    const before = instance === undefined ? [] : phrase `Job ${explain_nameOf(state)} completed. `;
    const explain = (key, what, nextSteps, evidence = []) => {
        const message = phrase `${before}${what}.`;
        return { title: TITLES[key], message, lines: [[...message, ...evidence]], nextSteps };
    };
    /** What was sent, and the last error. */
    const evidenceWith = (error) => phrase ` ${tallyPhrase(subject)}.${error === undefined ? [] : phrase ` Last error: ${error.message}.`}`;
    switch (outcome.result) {
        case 'completed':
            return explainSuccess(result);
        case 'failed':
        case 'canceled': {
            const what = outcome.result === 'failed' ? 'failed' : 'was canceled';
            const reason = state.job?.failReason;
            const because = reason === undefined ? '. The service returned no reason' : phrase `: “${reason}”`;
            return explain(outcome.result, phrase `${name} ${what}${because}`, NEXT_STEPS[outcome.result]);
        }
        case 'timed-out': {
            const error = last?.kind === 'transient' || last?.kind === 'rejected' ? last.detail : undefined;
            const hint = error?.hint === undefined ? '' : `${error.hint} `;
            const nextSteps = `${hint}${resume} and a longer timeout.${kind === 'instance' ? '' : ` ${NO_REPEAT}`}`;
            return explain('timed-out', unfinished(subject, `within ${timeout}`), nextSteps, evidenceWith(error));
        }
        case 'not-ready': {
            const error = last?.kind === 'transient' ? last.detail : undefined;
            const [what, nextSteps] = notReady(subject, outcome.cause, timeout, resume);
            return explain('not-ready', phrase `${name} ${what}`, nextSteps, evidenceWith(error));
        }
        case 'not-found': {
            const time = formatDuration(outcome.notFoundFor);
            const [key, what] = kind === 'order'
                ? ['order-not-found', unfinished(subject, `within ${time}`)]
                : ['not-found', phrase `${name} was not found for ${time}`];
            return explain(key, phrase `${what}: ${outcome.detail.message}`, NEXT_STEPS[key]);
        }
        case 'vanished': {
            const key = kind === 'instance' ? 'instance-vanished' : 'vanished';
            const what = phrase `${name} can no longer be found${status}: ${outcome.detail.message}`;
            return explain(key, what, NEXT_STEPS[key]);
        }
        case 'interrupted': {
            const by = outcome.by === 'signal'
                ? 'the wait was interrupted'
                : `fail-fast ended the wait because of another ${state.kind}`;
            return explain('interrupted', unfinished(subject, `before ${by}`), `${resume}.`);
        }
        case 'error': {
            const { reason, detail } = outcome;
            const isKnown = subject.job !== undefined || subject.instance !== undefined;
            const wanted = kind === 'order' ? 'the jobs of order' : `the status of ${kind}`;
            const failure = phrase `Could not get ${wanted} ${explain_nameOf(subject)}${isKnown ? status : []}`;
            const cause = phrase `${CIRCUMSTANCES[reason] ?? ''}: ${detail.message}`;
            const since = subject.notFoundSince ?? subject.idleSince;
            const wasAccepted = reason !== 'internal' && (isKnown || state.job !== undefined || since !== undefined);
            const expired = reason === 'credentials' ? `${EXPIRED} ` : '';
            const nextSteps = `${detail.hint ?? NEXT_STEPS[reason]}${wasAccepted ? ` ${expired}${resume}.` : ''}`;
            return explain(reason, phrase `${failure}${cause}`, nextSteps);
        }
    }
}
/** `Job … (name) completed in 5m: instance …, address ….`, without what is not known. */
function explainSuccess(result) {
    const { state, instance = state } = result;
    const { job, endpoint, duration } = factsOf(result);
    const name = job?.instanceName ?? job?.instanceId?.text;
    const facts = [
        name && phrase `instance ${name}`,
        endpoint && phrase `address ${endpoint}`,
        instance.kind === 'instance' ? readinessOf(instance) : undefined,
    ].filter((fact) => fact !== undefined);
    const details = facts.length === 0 ? [] : phrase `: ${joinPhrases(facts, ', ')}`;
    const isInstance = state.kind === 'instance';
    const title = isInstance ? 'The instance is ready' : 'The job completed';
    const succeeded = isInstance ? 'is ready' : `completed${duration && ` in ${duration}`}`;
    const message = phrase `${NOUNS[state.kind]} ${explain_nameOf(state)} ${succeeded}${details}.`;
    return { title, message, lines: [message], nextSteps: '' };
}
/** What the wait has seen of an instance that is ready. */
function readinessOf({ connection, instance }) {
    if (connection !== undefined)
        return phrase `accepts connections (${connection.label})`;
    return [instance === undefined ? 'no job is running' : 'available'];
}
/** Says what is wrong, after the name of the instance or its job, and what to do next. */
function notReady(state, cause, timeout, resume) {
    const { instance, connection } = state;
    if (cause === 'no-instance') {
        return [['completed, but its response names no instance that could become ready'], NEXT_STEPS[cause]];
    }
    if (cause === 'no-address') {
        return [['is available, but the service returned no address to connect to'], NEXT_STEPS[cause]];
    }
    if (cause === 'failed') {
        return [phrase `has the status ${instance?.status.text ?? ''}`, NEXT_STEPS['failed-instance']];
    }
    if (connection === undefined) {
        const what = phrase `did not become available within ${timeout}${lastStatus(state)}`;
        return [what, `${resume} and a longer timeout.`];
    }
    const { address, label } = connection;
    const what = phrase `did not accept connections at ${address} within ${timeout} (last attempt: ${label})`;
    return [what, `${NEXT_STEPS['not-connectable']} ${resume}.`];
}
function unfinished(state, when) {
    const name = explain_nameOf(state);
    if (state.kind === 'order')
        return phrase `No job was found for order ${name} ${when}`;
    const predicate = state.kind === 'job' ? 'did not finish' : 'was not ready';
    return phrase `${NOUNS[state.kind]} ${name} ${predicate} ${when}${lastStatus(state)}`;
}
function lastStatus({ kind, job, instance, progress }) {
    if (kind === 'instance' && job !== undefined)
        return phrase ` (${runningJob(job)} is running)`;
    if (instance !== undefined)
        return phrase ` (last status: ${instance.status.text})`;
    if (job === undefined)
        return [' (no status received)'];
    return phrase ` (last status: ${withProgress(job.status.text, progress)})`;
}
/** @param input what the input of the step is about */
function resumeOf({ kind, job }, input) {
    const status = {
        job: `${job === undefined ? 'If the job exists, it' : 'The job'} is still running in the cloud`,
        order: 'The order may still create a job',
        instance: 'The instance may still become ready',
    }[kind];
    return `${status}. To resume waiting, run a step with the same ${input}-id`;
}
const NO_REPEAT = 'Do not repeat the call that created the job: that would start the operation a second time.';
const EXPIRED = 'They were accepted at first, so they may have expired or been revoked during the wait. GitHub OIDC and use-ecs-agency renew their keys.';
const CIRCUMSTANCES = {
    unusable: ' from five responses in a row. Last response',
    internal: ' because of an internal error',
};
/** What is known about a job, its instance, or both. */
function factsOf({ state, instance: ready = state }) {
    const isInstance = state.kind === 'instance';
    const job = isInstance ? undefined : state.job;
    const { instance, connection } = ready;
    return {
        job,
        instance,
        connection,
        instanceId: isInstance ? state.id.text : job?.instanceId?.text,
        endpoint: job?.instanceEndpoint ?? instance?.endpoint,
        /** Empty if it is not known. */
        duration: job?.durationSeconds === undefined ? '' : formatDuration(job.durationSeconds * SECOND),
    };
}
/** What was polled for a result: a job and its instance, or only one of them. */
function statesOf({ state, instance }) {
    return instance === undefined ? [state] : [state, instance];
}
/** `X (name)`: an ID, and the name of the job or instance if it is known. */
function explain_nameOf({ kind, id, job, instance }) {
    const name = kind === 'instance' ? instance?.name : job?.name;
    return name === undefined ? [id.text] : phrase `${id.text} (${name})`;
}
/** `job CreateX`, or `a job` if its name is not known. */
function runningJob({ name }) {
    return name === undefined ? ['a job'] : phrase `job ${name}`;
}
/** `Running, 40%`: a status, and the progress if it is known. */
function withProgress(status, progress) {
    return progress === undefined ? [status] : phrase `${status}, ${progress}%`;
}
/** `41 requests: 38 × Running, 3 × 502`. Connecting to a database is not a request, so an instance has checks. */
function tallyPhrase({ kind, tally }) {
    const [requests, noun] = [total(tally), kind === 'instance' ? 'check' : 'request'];
    if (requests === 0)
        return [`0 ${noun}s completed`];
    return phrase `${requests} ${noun}${requests === 1 ? '' : 's'}: ${countsPhrase(tally)}`;
}
function countsPhrase(tally) {
    const counts = tally.map(({ label, count }) => phrase `${count} × ${label}`);
    return joinPhrases(counts, ', ');
}

;// CONCATENATED MODULE: ./src/wait/estimate.ts
/** Points of progress over which the rate is measured: more would be outdated, less would be too coarse. */
const BASELINE_POINTS = 20;
/** Percent from which an estimate may be shown. */
const MIN_SHOWN_PROGRESS = 30;
/** Uncertainty of the remaining time, as a fraction of it, because the rate may change. */
const RATE_UNCERTAINTY = 0.1;
/**
 * Extrapolates the job's recent progress to 100 %. Undefined without a rate: too little progress was seen, there is none,
 * or it just fell. docs/polling.md explains how.
 */
function estimateCompletion(history) {
    const milestones = milestonesOf(history);
    const [first, now, before] = [milestones[0], milestones.at(-1), milestones.at(-2)];
    if (first === undefined || now === undefined || before === undefined)
        return undefined;
    const start = milestones.findLast(({ progress }) => now.progress - progress >= BASELINE_POINTS) ?? first;
    const overall = extrapolate(start, now);
    const recent = extrapolate(before, now);
    // A slower rate counts at once, a faster one only over the whole baseline: polling too early costs requests.
    const isSlowing = recent.at - recent.uncertainty > overall.at + overall.uncertainty;
    const { at: completion, uncertainty } = isSlowing ? recent : overall;
    const left = completion - now.at;
    const margin = uncertainty + RATE_UNCERTAINTY * left;
    const whole = extrapolate(first, now);
    const isSeen = now.progress >= MIN_SHOWN_PROGRESS && now.progress - first.progress >= BASELINE_POINTS;
    const isSteady = isSeen && Math.max(Math.abs(whole.at - completion), whole.uncertainty) <= left / 4;
    return { earliest: completion - margin, completion, latest: completion + margin, isSteady };
}
/** When a job will probably complete: the later of what its progress and its sub-tasks predict. */
function estimate(state, elapsed) {
    const [own, ofService] = [estimateCompletion(state.history), estimateOfService(state, elapsed)];
    return (ofService?.completion ?? 0) > (own?.completion ?? 0) ? ofService : own;
}
/** The service's own estimate for a job with sub-tasks; undefined if there is none, or its time has passed. */
function estimateOfService({ subTasks }, elapsed) {
    const remaining = subTasks?.list.flatMap((task) => task.remaining ?? []) ?? [];
    if (subTasks === undefined || remaining.length === 0)
        return undefined;
    // Whether sub-tasks run one after another is not documented, so this may be too early.
    const left = Math.max(...remaining);
    const completion = subTasks.at + left;
    const margin = RATE_UNCERTAINTY * left;
    const found = { earliest: completion - margin, completion, latest: completion + margin, isSteady: true };
    return elapsed < found.latest ? found : undefined;
}
/** Milliseconds that a job will probably still take; undefined unless the estimate is good enough to be shown. */
function timeLeft(state, elapsed) {
    const found = estimate(state, elapsed);
    return found?.isSteady === true && found.completion > elapsed ? found.completion - elapsed : undefined;
}
/** The milestones since progress last fell or was missing. Each was reached between two responses. */
function milestonesOf(history) {
    let milestones = [];
    let lastSeen = 0;
    for (const { at, until, progress } of history) {
        const last = milestones.at(-1);
        if (progress === undefined)
            milestones = [];
        else if (last === undefined || progress < last.progress)
            milestones = [{ progress, at, uncertainty: 0 }];
        else if (progress > last.progress) {
            milestones.push({ progress, at: (lastSeen + at) / 2, uncertainty: (at - lastSeen) / 2 });
        }
        lastSeen = until;
    }
    return milestones;
}
/** When progress reaches 100 at the rate between two milestones. */
function extrapolate(from, to) {
    const ahead = (100 - to.progress) / (to.progress - from.progress);
    const uncertainty = to.uncertainty + ahead * (to.uncertainty + from.uncertainty);
    return { progress: 100, at: to.at + ahead * (to.at - from.at), uncertainty };
}

;// CONCATENATED MODULE: ./src/report/escape.ts
/** Longest untrusted text in the log, in annotations and the summary, and in a block; UTF-16 code units. */
const MAX_IN_LOG = 300;
const MAX_IN_REPORT = 1_000;
const MAX_JSON_BLOCK = 10_000;
/** Longest log line and longest annotation; GitHub truncates an annotation at 4096 characters. */
const MAX_LINE = 1_000;
const MAX_ANNOTATION = 4_000;
/** For the log: one line without anything that the runner or a terminal interprets. */
function forLog(text) {
    return escape_truncate(withoutCommands(render(text, MAX_IN_LOG)), MAX_LINE);
}
/**
 * For the message of an annotation, a line for each phrase (@actions/core escapes line breaks). Long lines are truncated
 * so that the last line, the next steps, stays complete.
 */
function forAnnotation(...phrases) {
    const lines = phrases.map((text) => withoutCommands(render(text, MAX_IN_REPORT)));
    const last = lines.pop() ?? '';
    const share = Math.floor((MAX_ANNOTATION - last.length) / lines.length) - 1;
    return [...lines.map((line) => escape_truncate(line, share)), escape_truncate(last, MAX_ANNOTATION)].join('\n');
}
/**
 * For the summary: our own parts are Markdown, untrusted text is shown as code. Every ASCII character that Markdown or
 * HTML could interpret becomes a character reference. GitHub links email addresses after it resolves references, which
 * an empty comment prevents.
 */
function forSummary(text, maxLength = MAX_IN_REPORT) {
    return render(text, maxLength, (line) => {
        const references = line
            .replace(/[!-*/:-@[-`{-~]|(?<=www)\./gi, (character) => `&#${character.charCodeAt(0)};`)
            .replaceAll('&#64;', '&#64;<!-- -->');
        return `<code>${references}</code>`;
    });
}
/**
 * A compact JSON object as a code block for the summary; empty for `{}`, undefined if it is too long. A text cannot end
 * the block, because every line begins with JSON syntax.
 */
function forSummaryBlock(json) {
    const compact = json.reveal();
    if (compact === '{}')
        return '';
    if (compact.length > MAX_JSON_BLOCK)
        return undefined;
    const lines = JSON.stringify(JSON.parse(compact), undefined, 2).split('\n');
    const block = lines.map((line) => line.replace(/[\u2028\u2029]/g, ' ').replace(INVISIBLE, '�')).join('\n');
    return block.length > MAX_JSON_BLOCK ? undefined : `\`\`\`json\n${block}\n\`\`\``;
}
/** For the output `message`: one line of plain text. */
function forMessage(text) {
    return escape_truncate(render(text, MAX_IN_REPORT), MAX_IN_REPORT);
}
/** For an output: unchanged; empty if the text is not known. */
function forOutput(text) {
    return text?.reveal() ?? '';
}
/** Shows each untrusted text as one line of limited length. */
function render(text, maxLength, escape = (line) => line) {
    const parts = text.map((part) => {
        if (typeof part === 'string')
            return part;
        return escape(escape_truncate(part.reveal().replace(/\s+/g, ' ').replace(INVISIBLE, '�'), maxLength));
    });
    return parts.join('');
}
/** Includes what the runner ignores when it compares strings, and what changes the direction of text. */
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}]/gu;
/** The runner executes `##[command]` anywhere in a line, and `::command::` at its start. */
function withoutCommands(text) {
    return text.replaceAll('##[', '## [').replace(/^(\s*):(?=:)/gm, '$1: ');
}
function escape_truncate(text, maxLength) {
    if (text.length <= maxLength)
        return text;
    return `${text.slice(0, maxLength - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

;// CONCATENATED MODULE: ./src/report/style.ts
/** Parameters of the SGR escape sequence. Source: ECMA-48, "SGR - Select Graphic Rendition". */
const style_CODES = { red: 31, green: 32, yellow: 33, cyan: 36, gray: 90 };
/** @param text must be safe to print: see escape.ts */
function colored(color, text) {
    if (text === '')
        return '';
    // The runner ignores ESC when it searches for `##[`, so a # in front of ESC would form a command.
    return `\u001b[${style_CODES[color]}m${text.replace(/#$/, '# ')}\u001b[0m`;
}
/** Yellow marks what may need someone's attention. */
function colorOf({ job, instance, last }) {
    if (last !== undefined && 'detail' in last && last.kind !== 'not-found-yet')
        return 'yellow';
    return COLORS[instance?.status.meaning ?? job?.status.meaning ?? ''] ?? 'cyan';
}
const COLORS = {
    completed: 'green',
    active: 'green',
    failed: 'red',
    canceled: 'red',
    unauthorized: 'yellow',
    unknown: 'yellow',
};
/** A progress bar of 20 cells: `████████░░░░░░░░░░░░`. */
function bar(progress) {
    const filled = Math.floor((progress ?? 0) / 5);
    return '█'.repeat(filled) + '░'.repeat(20 - filled);
}
/** `40%`; empty when unknown. */
function percent(progress) {
    return progress === undefined ? '' : `${progress}%`;
}

;// CONCATENATED MODULE: ./src/report/log.ts







/** Longest time without a line. */
const HEARTBEAT_INTERVAL = MINUTE;
/** With more jobs, only the end of each job is logged. */
const MAX_FOLLOWED = 10;
/** Jobs named in one line or group; the others are counted. */
const log_MAX_NAMED = 10;
/** GitHub keeps ten warning annotations per step. */
const MAX_WARNINGS = 10;
/** The log of a wait: one line per change of status or progress, and a heartbeat every minute. */
function createLog(waitFor, printer, clock, usesColor) {
    const style = usesColor ? colored : (_color, text) => text;
    const start = clock.now();
    const elapsed = () => clock.now() - start;
    const latest = new Map();
    /** What the wait is for; the jobs of an order replace it. */
    let ids = waitFor.ids;
    let lastLine = start;
    let warnings = 0;
    return { onStart, onProject, onRenewed, onNotRenewed, onResponse, onJobsFound, onWarning, startHeartbeat };
    /** @param timeout milliseconds */
    function onStart(endpoint, timeout, credentials) {
        const { kind } = waitFor;
        const [first] = ids;
        const target = first && ids.length === 1 ? phrase `${kind} ${first.text}` : `${ids.length} ${kind}s`;
        const goal = phrase `${formatDuration(timeout)} for ${target}${goalOf(waitFor)}`;
        printer.info(forLog(phrase `Waiting up to ${goal} at ${endpoint}`));
        printer.info(`Credentials: ${credentials}.`);
    }
    function onProject(id, region) {
        print(forLog(phrase `project ${id}, looked up for the region ${region}`));
    }
    /** @param lifetime of the new keys, milliseconds */
    function onRenewed(lifetime) {
        print(`new temporary keys from the agency, valid for ${formatDuration(lifetime)}`);
    }
    /** @param lifetime of the current keys, milliseconds */
    function onNotRenewed(reason, lifetime) {
        const validity = `the current ones are valid for ${formatDuration(lifetime)}`;
        const text = `could not renew the keys of the agency, ${validity}: ${forLog(reason)}`;
        print(style('yellow', text));
    }
    function onResponse(state, nextPoll, isFinished) {
        const previous = latest.get(state.id)?.state;
        const current = { state, nextPoll, isFinished };
        latest.set(state.id, current);
        if (state.last !== undefined && printer.isDebug()) {
            printer.debug(forLog(phrase `${state.id.text}: ${log_describe(state.last)}`));
        }
        if (ids.length > MAX_FOLLOWED && !isFinished)
            return;
        if (previous?.subTasks !== state.subTasks)
            printSubTasks(previous, state);
        const isReady = isFinished && state.kind === 'instance';
        if (log_keyOf(previous) === log_keyOf(state) && !isReady)
            return;
        printState(current, phrase `${describeState(current)}${suffixFor(state.id)}`);
    }
    function onJobsFound(order, jobs) {
        ids = ids.flatMap((id) => (id === order ? jobs : [id]));
        latest.delete(order);
        const named = jobs.slice(0, log_MAX_NAMED).map(({ text }) => [text]);
        const more = jobs.length > log_MAX_NAMED ? `, and ${jobs.length - log_MAX_NAMED} more` : '';
        const orders = waitFor.ids.length === 1 ? 'the order' : phrase `order ${order.text}`;
        print(forLog(phrase `jobs of ${orders}: ${joinPhrases(named, ', ')}${more}`));
    }
    function onWarning(warning) {
        warnings += 1;
        if (warnings <= MAX_WARNINGS)
            printer.warning(forAnnotation(warning));
    }
    /** Prints a line whenever the log has been silent for a minute, until the signal aborts. */
    async function startHeartbeat(signal) {
        while (!signal.aborted) {
            const due = lastLine + HEARTBEAT_INTERVAL - clock.now();
            if (due > 0)
                await clock.sleep(due, signal);
            else
                heartbeat();
        }
    }
    function heartbeat() {
        const active = [...latest.values()].filter(({ isFinished }) => !isFinished);
        const [only] = active;
        if (ids.length === 1 && only !== undefined) {
            const { kind, last } = only.state;
            const error = last?.kind === 'transient' ? phrase ` · last error: ${last.detail.message}` : [];
            const still = kind === 'instance' ? '' : 'still ';
            printState(only, phrase `${still}${describeState(only)} · ${tallyPhrase(only.state)}${error}`);
            return;
        }
        const nextPoll = Math.min(...active.map((each) => each.nextPoll ?? Infinity));
        const labels = active.reduce((tally, { state }) => count(tally, log_labelOf(state)), []);
        const finished = ids.filter((id) => latest.has(id)).length - active.length;
        const noun = waitFor.kind === 'instance' ? 'instances' : 'jobs';
        const text = phrase `${finished} of ${ids.length} ${noun} finished · ${countsPhrase(labels)}`;
        printProgress(Math.floor((100 * finished) / ids.length), 'cyan', text, untilPoll(nextPoll));
    }
    function printState({ state, nextPoll, isFinished }, text) {
        const left = aboutLeft(isFinished ? undefined : timeLeft(state, elapsed()));
        const progress = state.kind === 'instance' ? null : state.progress;
        printProgress(progress, colorOf(state), text, `${left}${untilPoll(nextPoll)}`);
    }
    /** Prints a line for each sub-task that changed. */
    function printSubTasks(before, { subTasks, id }) {
        for (const [index, { name, status, progress, remaining }] of (subTasks?.list ?? []).entries()) {
            const last = before?.subTasks?.list[index];
            if (last?.status.equals(status) === true && last.progress === progress)
                continue;
            const text = phrase `sub-task ${name}: ${withProgress(status, progress)}${suffixFor(id)}${aboutLeft(remaining)}`;
            printProgress(null, 'cyan', text, '');
        }
    }
    /** The ID, unless there is only one. */
    function suffixFor({ text }) {
        return ids.length === 1 ? [] : phrase ` · ${text}`;
    }
    function untilPoll(nextPoll = Infinity) {
        if (!Number.isFinite(nextPoll))
            return '';
        return ` · next poll in ${formatDuration(Math.max(nextPoll - elapsed(), SECOND))}`;
    }
    /** @param progress null for something that has none */
    function printProgress(progress, color, text, outlook) {
        lastLine = clock.now();
        const cells = progress === null ? ''.padStart(25) : `${bar(progress)} ${percent(progress).padStart(4)}`;
        const now = style(color, `${cells}  ${forLog(text)}`);
        print(`${now}${style('gray', outlook)}`);
    }
    function print(text) {
        printer.info(`${formatDuration(elapsed()).padStart(8)}  ${text}`);
    }
}
function goalOf({ kind, ids, until }) {
    if (until === 'completed')
        return kind === 'instance' ? ', until no job is running,' : '';
    const [one, several] = kind === 'instance' ? ['it', 'they'] : ['its instance', 'their instances'];
    const [subject, are, accept] = ids.length === 1 ? [one, 'is', 'accepts'] : [several, 'are', 'accept'];
    return `, until ${subject} ${until === 'available' ? `${are} available` : `${accept} connections`},`;
}
/** Prints a group of the log, which the runner folds: the requests and responses, and the outputs. */
function printDetails(results, outputs, requests, printer, secrets) {
    const rest = results.length - log_MAX_NAMED;
    printer.startGroup('Details');
    printer.info(`Requests sent: ${requests}`);
    for (const state of results.slice(0, log_MAX_NAMED).flatMap(statesOf)) {
        printer.info(forLog(phrase `${state.kind} ${state.id.text}: ${tallyPhrase(state)}`));
    }
    if (rest > 0)
        printer.info(`and ${rest} more`);
    for (const [name, value] of Object.entries(outputs)) {
        printer.info(forLog(phrase `output ${name}: ${secrets.text(value)}`));
    }
    printer.endGroup();
}
/** Rounded, because it is an estimate. */
function aboutLeft(ms) {
    if (ms === undefined)
        return '';
    const unit = ms > 2 * MINUTE ? MINUTE : ms > 15 * SECOND ? 10 * SECOND : SECOND;
    return ` · about ${formatDuration(Math.max(Math.round(ms / unit), 1) * unit)} left`;
}
function log_labelOf(state) {
    if (state?.kind === 'order')
        return state.last?.kind === 'not-found-yet' ? state.last.detail.label : 'no job yet';
    const label = state?.connection?.label ?? state?.instance?.status.label ?? state?.job?.status.label;
    return label ?? (state?.notFoundSince === undefined ? 'no status yet' : 'not found yet');
}
/** Differs if a new line is due: by the status, the progress, or the job that runs on an instance. */
function log_keyOf(state) {
    const runningName = state?.kind === 'instance' ? (state.job?.name ?? '') : '';
    return forLog(phrase `${log_labelOf(state)} ${percent(state?.progress)} ${runningName}`);
}
function describeState({ state, isFinished }) {
    const label = log_labelOf(state);
    if (state.kind !== 'instance')
        return [label];
    const { connection, instance, job } = state;
    if (connection !== undefined)
        return phrase `connecting to ${connection.address}: ${label}`;
    const isReady = isFinished && instance?.status.meaning === 'active';
    if (instance !== undefined)
        return isReady ? ['instance available'] : phrase `instance ${label}`;
    return job === undefined
        ? ['no job is running']
        : phrase `${runningJob(job)} is ${withProgress(label, job.progress)}`;
}
function log_describe(response) {
    switch (response.kind) {
        case 'job':
        case 'busy':
            return phrase `${response.job.status.label} ${percent(response.job.progress)}`;
        case 'instance':
            return phrase `instance ${response.instance.status.label}`;
        case 'idle':
            return ['no job is running'];
        case 'connection':
            return phrase `${response.address}: ${response.label}`;
        default:
            return phrase `${response.kind}, ${response.detail.message}`;
    }
}

;// CONCATENATED MODULE: ./src/report/outputs.ts






/** Bytes of JSON that all texts and entities of the output `jobs` share. Source: docs/reference.md, "Outputs". */
const MAX_JOBS_BYTES = 140_000;
/**
 * The outputs describe the first job that failed, otherwise the first that did not complete, otherwise the first; the
 * message describes all.
 */
function outputsOf(results) {
    const incomplete = results.filter(({ outcome }) => outcome.result !== 'completed');
    const failed = incomplete.find(({ outcome }) => outcome.result === 'failed' || outcome.result === 'canceled');
    const values = valuesOf(failed ?? incomplete[0] ?? results[0]);
    const texts = Object.entries(values).map(([name, value]) => [name, String(value ?? '')]);
    const jobs = results.filter(({ state }) => state.kind !== 'order').map(valuesOf);
    return {
        ...Object.fromEntries(texts),
        message: results.length > 1 ? forMessage(messageOf(results, incomplete)) : values.message,
        jobs: jobsJson(jobs),
    };
}
/** The outputs without a result: after invalid inputs or an internal error. */
const EMPTY_OUTPUTS = outputsOf([]);
/** What happened to several jobs, in one sentence. */
function messageOf(results, [first, ...others]) {
    const { noun, succeeded } = wordsFor(results);
    if (first === undefined)
        return phrase `All ${results.length} ${noun} ${succeeded}.`;
    const completed = results.length - others.length - 1;
    return phrase `${completed} of ${results.length} ${noun} ${succeeded}. First of the others: ${first.message}`;
}
/** A warning if the service returned entities that the outputs do not contain. */
function warningOf(results) {
    const [first, ...others] = results.filter(({ state }) => state.job?.entitiesDropped === true);
    if (first === undefined)
        return undefined;
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    return phrase `The entities of job ${first.state.id.text}${more} are larger than 100 kB or nested too deeply, so the output entities is empty.`;
}
/** The outputs for one job, in the order of action.yml. */
function valuesOf(result) {
    const { job, instance, instanceId, endpoint } = result === undefined ? {} : factsOf(result);
    const jobState = result?.state.kind === 'job' ? result.state : undefined;
    const address = parseAddress(forOutput(endpoint));
    return {
        status: forOutput(job?.status.text),
        result: result?.outcome.result ?? 'error',
        'job-id': forOutput(jobState?.id.text),
        'instance-id': forOutput(instanceId),
        'instance-name': forOutput(job?.instanceName ?? instance?.name),
        'job-name': forOutput(job?.name),
        created: forOutput(job?.created),
        ended: forOutput(job?.ended),
        'duration-seconds': job?.durationSeconds ?? null,
        progress: jobState?.progress ?? null,
        'fail-reason': forOutput(job?.failReason),
        'instance-endpoint': forOutput(endpoint),
        'instance-status': forOutput(instance?.status.label),
        'instance-host': address?.host ?? '',
        'instance-port': String(address?.port ?? ''),
        message: forMessage(result?.message ?? []),
        entities: forOutput(job?.entities),
    };
}
/** Texts take precedence: they are truncated only above a common limit. Entities get the rest, in order. */
function jobsJson(jobs) {
    const limit = commonLimit(textSizes(jobs), MAX_JOBS_BYTES);
    const truncated = jobs.map((values) => {
        const texts = textsOf(values).map(([name, text]) => [name, truncateInJson(text, limit)]);
        return { ...values, ...Object.fromEntries(texts) };
    });
    let left = textSizes(truncated).reduce((rest, size) => rest - size, MAX_JOBS_BYTES);
    const objects = truncated.map(({ 'job-id': jobId, entities, ...others }) => {
        const size = Buffer.byteLength(entities);
        const isShown = size > 0 && size <= left;
        if (isShown)
            left -= size;
        const fields = { jobId, ...others, entities: isShown ? JSON.parse(entities) : null };
        return Object.fromEntries(Object.entries(fields).map(([name, value]) => [camelCase(name), value]));
    });
    return JSON.stringify(objects);
}
function camelCase(name) {
    return name.replace(/-(.)/g, (_match, letter) => letter.toUpperCase());
}
/** The texts of a job, which are truncated if all of them together are too long. */
function textsOf(values) {
    return Object.entries(values).flatMap(([name, value]) => typeof value === 'string' && name !== 'result' && name !== 'entities' ? [[name, value]] : []);
}
function textSizes(jobs) {
    return jobs.flatMap(textsOf).map(([, text]) => jsonSize(text));
}
/** The largest limit for each size with which the sum stays within the total. */
function commonLimit(sizes, total) {
    let left = total;
    for (const [index, size] of sizes.toSorted((a, b) => a - b).entries()) {
        const share = Math.floor(left / (sizes.length - index));
        if (size > share)
            return share;
        left -= size;
    }
    return total;
}
/** Bytes of a text in JSON, where a control character takes six. */
function jsonSize(text) {
    return Buffer.byteLength(JSON.stringify(text)) - 2;
}
function truncateInJson(text, maxSize) {
    const size = jsonSize(text);
    if (size <= maxSize)
        return text;
    return truncateInJson(truncate(text, Math.floor((Buffer.byteLength(text) * maxSize) / size)), maxSize);
}

;// CONCATENATED MODULE: external "node:fs/promises"
const external_node_fs_promises_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:fs/promises");
;// CONCATENATED MODULE: external "node:os"
const external_node_os_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:os");
;// CONCATENATED MODULE: ./src/report/chart.ts

/** A mermaid chart spaces its points evenly, so the line is sampled. */
const MAX_SAMPLES = 30;
/** With fewer points there is no curve to see. */
const MIN_POINTS = 3;
/** Colors of the line that are readable in GitHub's light and dark themes. */
const chart_COLORS = { green: '#2da44e', red: '#e5534b', blue: '#388bfd' };
/**
 * Progress over time as a mermaid chart for a code block; undefined if too little is known. Only numbers of a job are
 * in it, because untrusted text must not reach mermaid.
 */
function chartOf(history, color) {
    const points = history.filter(({ progress }) => Number.isFinite(progress));
    const [from, to] = [points[0]?.at ?? 0, points.at(-1)?.until ?? 0];
    // Written so that NaN gives no chart either.
    if (points.length < MIN_POINTS || !(to - from >= SECOND))
        return undefined;
    const units = Object.entries({ hours: HOUR, minutes: MINUTE });
    const [unit, ms] = units.find(([, each]) => to >= 2 * each) ?? ['seconds', SECOND];
    const steps = Math.min(MAX_SAMPLES - 1, Math.floor((to - from) / SECOND));
    const samples = Array.from({ length: steps + 1 }, (_, step) => progressAt(points, from + ((to - from) * step) / steps));
    const onAxis = (at) => Number((at / ms).toFixed(2));
    const xyChart = { backgroundColor: 'transparent', plotColorPalette: chart_COLORS[color] };
    const config = { xyChart: { width: 800, height: 260 }, themeVariables: { xyChart } };
    return [
        `%%{init: ${JSON.stringify(config)}}%%`,
        'xychart-beta',
        `  x-axis "${unit} since the wait began" ${onAxis(from)} --> ${onAxis(to)}`,
        '  y-axis "progress in %" 0 --> 100',
        `  line [${samples.map((progress) => Number(progress.toFixed(1))).join(', ')}]`,
    ].join('\n');
}
/** Linear interpolation between the end of a point and the beginning of the next. */
function progressAt(points, at) {
    const after = points.find(({ until }) => until >= at) ?? points.at(-1);
    const before = points.findLast((point) => point.at <= at) ?? after;
    if (before === undefined || after === undefined)
        return 0;
    const { progress = 0, until } = before;
    const ratio = after.at > until ? (at - until) / (after.at - until) : 0;
    return Math.min(Math.max(progress + ((after.progress ?? 0) - progress) * ratio, 0), 100);
}

;// CONCATENATED MODULE: ./src/report/summary.ts








/** GitHub drops the summary of a step above 1 MiB; the part after the rows needs the rest. */
const MAX_ROWS_BYTES = 900_000;
/** Longest untrusted text in a row of many jobs, in UTF-16 code units. */
const MAX_IN_ROW = 120;
/** Status changes that are shown; older ones are counted. */
const MAX_CHANGES = 40;
const ICONS = {
    completed: '✅',
    failed: '❌',
    canceled: '🚫',
    'timed-out': '⏱️',
    'not-found': '❓',
    vanished: '❓',
    'not-ready': '⏳',
    interrupted: '✋',
    error: '⚠️',
};
/** The job summary in Markdown. */
function summaryOf(results) {
    const [only, ...others] = results;
    const accepted = forSummary(acceptedPhrase(results).flat());
    return only !== undefined && others.length === 0
        ? summaryOfOne(only, accepted)
        : summaryOfMany(results, accepted);
}
/** The summary of a step without results: after invalid inputs or an internal error. */
function summaryOfAnnotation({ title, lines, nextSteps }) {
    return markdown(`### ${ICONS.error} ${title}`, lines.map((line) => forSummary(line)).join('\n'), nextSteps);
}
function summaryOfOne(result, accepted) {
    const { state, outcome, title, lines, nextSteps } = result;
    const color = outcome.result === 'completed' ? 'green' : hasVerdict(outcome) ? 'red' : 'blue';
    const chart = chartOf(state.history, color);
    return markdown(`### ${ICONS[outcome.result]} ${title}`, tableOfFacts(result), 
    // The table already contains what happened.
    hasVerdict(outcome) ? '' : forSummary(lines.flat()), accepted, nextSteps && `**Next steps.** ${nextSteps}`, tableOfSubTasks(state), chart === undefined ? '' : `\`\`\`mermaid\n${chart}\n\`\`\``, ...detailsOf(result));
}
function hasVerdict({ result }) {
    return result === 'completed' || result === 'failed' || result === 'canceled';
}
/** A table of what is known. */
function tableOfFacts(result) {
    const { state, outcome } = result;
    const { job, instance, connection, endpoint, duration } = factsOf(result);
    const { kind, id, progress } = state;
    const facts = [
        ['Status', hasVerdict(outcome) ? '' : job?.status.text],
        ['Progress', outcome.result === 'completed' ? '' : percent(progress)],
        [NOUNS[kind], kind === 'instance' ? instance?.name : job?.name, id.text],
        ['Instance', job?.instanceName, job?.instanceId?.text],
        ['Instance status', instance?.status.text],
        ['Address', endpoint],
        ['Connection', connection?.address, connection?.label],
        ['Created', job?.created],
        ['Ended', job?.ended],
        ['Duration', duration],
        ['Reason', job?.failReason],
    ];
    const known = facts.filter(([, ...texts]) => texts.some(Boolean));
    const rows = known.map(([label, ...texts]) => `| **${label}** | ${forSummary(spaced(...texts))} |`);
    return tableOf(['Result', outcome.result], '|:--|:--|', rows);
}
/** The texts that are known and not empty, with spaces in between. */
function spaced(...texts) {
    return texts.flatMap((text) => (text ? [' ', text] : [])).slice(1);
}
function tableOfSubTasks({ subTasks = { list: [], at: 0 } }) {
    const rows = subTasks.list.map(({ name, status, progress, remaining }) => rowOf([name, status, percent(progress), remaining === undefined ? '' : formatDuration(remaining)]));
    const heading = `Sub-task, last seen after ${formatDuration(subTasks.at)}`;
    return tableOf([heading, 'Status', 'Progress', 'Remaining'], '|:--|:--|--:|--:|', rows);
}
function detailsOf(result) {
    const states = statesOf(result);
    const { entities } = result.state.job ?? {};
    const history = states.flatMap((state) => state.history);
    const retries = states.reduce((sum, state) => sum + state.retries, 0);
    const changes = history.filter(({ status }, index) => history[index - 1]?.status.equals(status) !== true);
    const rows = changes
        .slice(-MAX_CHANGES)
        .map(({ at, status, progress }) => rowOf([formatDuration(at), status, percent(progress)]));
    const omitted = changes.length - rows.length;
    const block = entities === undefined ? '' : forSummaryBlock(entities);
    return [
        '<details><summary>Details</summary>',
        tableOf(['After', 'Status', 'Progress'], '|--:|:--|--:|', rows),
        omitted === 0 ? '' : `${omitted} earlier status changes are not shown.`,
        ...states.map((state) => forSummary(tallyPhrase(state))),
        `Retries after errors: ${retries}`,
        block === '' ? '' : '**Entities.**',
        block ?? 'Too long to show here: see the output entities.',
        '</details>',
    ];
}
function summaryOfMany(results, accepted) {
    const completed = results.filter(({ outcome }) => outcome.result === 'completed');
    const incomplete = results.filter(({ outcome }) => outcome.result !== 'completed');
    const cells = [...incomplete, ...completed].map(cellsOf);
    // A column that is empty for every job is left out.
    const columns = COLUMNS.filter((column) => cells.some((row) => row[column].length > 0));
    const rows = cells.map((row) => rowOf(columns.map((column) => row[column])));
    const shown = rows.slice(0, countWithin(MAX_ROWS_BYTES, rows));
    const rest = rows.length - shown.length;
    const alignments = columns.map((column) => (column === 'Duration' ? '--:' : ':--'));
    const icon = ICONS[results.every(({ isSuccess }) => isSuccess) ? 'completed' : 'failed'];
    const nextSteps = incomplete.map(({ title, nextSteps }) => `- **${title}.** ${nextSteps}`);
    const { noun, succeeded } = wordsFor(results);
    return markdown(`### ${icon} ${completed.length} of ${results.length} ${noun} ${succeeded}`, accepted, tableOf(columns, `|${alignments.join('|')}|`, shown), rest > 0 ? `… and ${rest} more.` : '', [...new Set(nextSteps)].join('\n'));
}
const COLUMNS = ['Result', 'Job', 'Instance', 'Duration'];
function cellsOf(result) {
    const { state, outcome } = result;
    const { job, instance, connection, instanceId, endpoint, duration } = factsOf(result);
    const text = `${ICONS[outcome.result]}\u00A0${outcome.result}`;
    const instanceName = job?.instanceName ?? instance?.name ?? instanceId;
    return {
        // The reason is in the same cell, because a column of its own would be narrow.
        Result: outcome.result === 'error' ? phrase `${text} ${outcome.detail.message}` : spaced(text, job?.failReason),
        Job: state.kind === 'instance' ? [] : spaced(job?.name, state.id.text),
        Instance: spaced(instanceName, endpoint, connection?.label ?? instance?.status.label),
        Duration: spaced(duration),
    };
}
function tableOf(heading, alignments, rows) {
    return rows.length === 0 ? '' : [rowOf(heading), alignments, ...rows].join('\n');
}
function rowOf(cells) {
    return `| ${cells.map((cell) => forSummary([cell].flat(), MAX_IN_ROW)).join(' | ')} |`;
}
/** Counts the lines, from the first, that fit in a number of bytes. */
function countWithin(bytes, lines) {
    let left = bytes;
    const end = lines.findIndex((line) => (left -= Buffer.byteLength(line) + 1) < 0);
    return end < 0 ? lines.length : end;
}
/** Puts a blank line between blocks, and leaves out empty ones. */
function markdown(...blocks) {
    return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

;// CONCATENATED MODULE: ./src/report/publish.ts










/** Writes the report; false if the step must fail, which includes outputs that could not be written. */
async function publish(report, deps) {
    const { toolkit } = deps;
    const outputsError = await write('GITHUB_OUTPUT', outputsFile(report.outputs), deps);
    const isSuccess = report.isSuccess && outputsError === undefined;
    const { title, lines, nextSteps } = outputsError === undefined ? report.annotation : withError(report, outputsError);
    const text = forAnnotation(...lines, ...(nextSteps === '' ? [] : [[nextSteps]]));
    if (!isSuccess)
        toolkit.error(text, { title });
    const summaryError = await write('GITHUB_STEP_SUMMARY', report.summary, deps);
    if (summaryError !== undefined) {
        toolkit.warning(forAnnotation(phrase `Could not write the job summary: “${summaryError}”.`));
    }
    if (isSuccess)
        toolkit.notice(text, { title });
    return isSuccess;
}
const MAX_CHECK_MS = 10_000;
/** The annotation if the outputs can't be written, which would otherwise be noticed only after the wait. */
async function checkOutputs(deps) {
    const reportSignal = AbortSignal.any([deps.reportSignal, AbortSignal.timeout(MAX_CHECK_MS)]);
    const isWritable = (await write('GITHUB_OUTPUT', '', { ...deps, reportSignal })) === undefined;
    return isWritable ? undefined : { ...OUTPUTS_ERROR, lines: [['No request was sent.']] };
}
/** Publishes an error that leaves nothing else to report. */
function publishError(annotation, deps) {
    const message = forMessage(phrase `${annotation.title}: ${joinPhrases(annotation.lines, ' ')}`);
    const outputs = { ...EMPTY_OUTPUTS, message };
    return publish({ outputs, annotation, isSuccess: false, summary: summaryOfAnnotation(annotation) }, deps);
}
function publishInternalError(error, deps) {
    const lines = [[deps.secrets.error(error)]];
    return publishError({ title: TITLES.internal, lines, nextSteps: NEXT_STEPS.internal }, deps);
}
/**
 * Appends to a file of the runner, whose path is in an environment variable. @actions/core writes outputs one by one and
 * synchronously, so that a slow or hanging file system would stop the process, and its time limits with it.
 *
 * @returns the reason if the text was not written; as soon as the signal aborts, that it took too long
 */
async function write(variable, text, { env, secrets, reportSignal }) {
    const path = env[variable];
    if (!path)
        return secrets.text(`${variable} is not set`);
    const timeLimit = async () => {
        if (!reportSignal.aborted)
            await (0,external_node_events_namespaceObject.once)(reportSignal, 'abort');
        return secrets.text(`writing the file of ${variable} took too long`);
    };
    const written = append(path, Buffer.from(text), reportSignal).then(() => undefined, (error) => secrets.error(error));
    return Promise.any([timeLimit(), written]);
}
/** Neither creates a file nor waits for the reader of a pipe, which would block a thread. */
const FLAGS = external_node_fs_promises_namespaceObject.constants.O_WRONLY | external_node_fs_promises_namespaceObject.constants.O_APPEND | external_node_fs_promises_namespaceObject.constants.O_NONBLOCK;
const RETRY_DELAY_MS = 50;
async function append(path, bytes, signal) {
    const file = await whenReady(() => (0,external_node_fs_promises_namespaceObject.open)(path, FLAGS), signal);
    try {
        for (let rest = bytes; rest.length > 0;) {
            const { bytesWritten } = await whenReady(() => file.write(rest), signal);
            rest = rest.subarray(bytesWritten);
        }
    }
    finally {
        await file.close();
    }
}
/** Repeats what fails only because a pipe has no reader yet, or is full. */
async function whenReady(attempt, signal) {
    for (;;) {
        try {
            return await attempt();
        }
        catch (error) {
            const { code } = error;
            if ((code !== 'ENXIO' && code !== 'EAGAIN') || signal.aborted)
                throw error;
            await (0,promises_namespaceObject.setTimeout)(RETRY_DELAY_MS);
        }
    }
}
/** One write for all outputs, so that none is missing. Source: GitHub Docs, "Workflow commands", multiline strings. */
function outputsFile(outputs) {
    return Object.entries(outputs)
        .map(([name, value]) => {
        // Unpredictable, so that a value can't end its own block.
        const end = `ghadelimiter_${(0,external_node_crypto_namespaceObject.randomUUID)()}`;
        return [`${name}<<${end}`, value, end, ''].join(external_node_os_namespaceObject.EOL);
    })
        .join('');
}
function withError({ isSuccess, annotation }, error) {
    const line = phrase `Could not write the outputs, so later steps would read empty values: “${error}”.`;
    const failure = isSuccess ? OUTPUTS_ERROR : annotation;
    return { ...failure, lines: [...failure.lines, line] };
}
/** The annotation of a step that fails only because of its outputs, without the error itself. */
const OUTPUTS_ERROR = {
    title: TITLES.outputs,
    lines: [['The wait ended successfully.']],
    nextSteps: "Check the runner's disk, and that this process may write the file named by GITHUB_OUTPUT. In a job container, the user of the image often may not: set container.options to --user with the ID of the runner's user.",
};

;// CONCATENATED MODULE: ./src/report/request-log.ts


/**
 * Sends requests through `send`, counts them, and logs each one in debug mode. Bodies, queries (GitHub's URLs have
 * their own), and headers other than the request ID are never logged.
 */
function logRequests(send, printer, secrets, clock) {
    let count = 0;
    const exchange = async (request, signal) => {
        count += 1;
        const start = clock.now();
        const result = await send(request, signal);
        if (printer.isDebug()) {
            const url = secrets.text(request.url.replace(/\?.*$/s, ''));
            const ms = Math.round(clock.now() - start);
            printer.debug(forLog(phrase `${request.method} ${url}: ${request_log_describe(result, secrets)}, ${ms} ms`));
        }
        return result;
    };
    return { exchange, count: () => count };
}
function request_log_describe(result, secrets) {
    if (result.kind === 'no-response') {
        const code = result.code === undefined ? [] : phrase `, ${secrets.text(result.code)}`;
        return phrase `no response (${result.reason} in phase ${result.phase}${code})`;
    }
    const { status, headers, body, bodyError } = result;
    const size = bodyError === undefined ? `${Buffer.byteLength(body)} bytes` : `a body that ${bodyError}`;
    const id = headers['x-request-id'];
    const requestId = typeof id === 'string' ? phrase `, request ID ${secrets.text(id)}` : [];
    return phrase `${status}, ${size}${requestId}`;
}

;// CONCATENATED MODULE: ./src/wait/poll-interval.ts




/** docs/polling.md explains and measures these figures. The rate limit allows one request every 1.5 s. */
const MIN_INTERVAL = 2 * SECOND;
/** A finished job must be noticed within half a minute, whatever its progress was. */
const MAX_INTERVAL = 29 * SECOND;
/** Without progress: on average as late as polling every 10 s, and later for a job that takes longer than most. */
const BLIND_INTERVAL = 9.5 * SECOND;
const LONG_RUNNING = 14 * MINUTE;
/** One fewer request is worth this much delay, on average, in noticing that a job finished. */
const DELAY_PER_REQUEST = 0.5 * SECOND;
/** Percent. Without an estimate, a job that is below this is not about to finish. */
const HALFWAY = 50;
/** While an instance is not active; and while it is, to see that it stays so. */
const INSTANCE_INTERVAL = 10 * SECOND;
const ACTIVE_INTERVAL = 20 * SECOND;
/** Between attempts to connect to a database: for a minute, the attempt included, at most two seconds, later ten. */
const CONNECTION_INTERVAL = 0.75 * SECOND;
const LATE_CONNECTION_INTERVAL = 8 * SECOND;
const LATE_AFTER = 1 * MINUTE;
const MIN_BACKOFF = 1 * SECOND;
const MAX_BACKOFF = 30 * SECOND;
/**
 * @param setting milliseconds, or `auto`
 * @param random uniform in 0 to 1
 */
function pollInterval(setting, random) {
    return (state, elapsed, minInterval = 0) => {
        if (state.connection !== undefined) {
            return elapsed - state.connection.since < LATE_AFTER ? CONNECTION_INTERVAL : LATE_CONNECTION_INTERVAL;
        }
        const chosen = setting === 'auto' ? automatic(state, elapsed, random) : setting;
        const wanted = isActive(state) ? Math.min(chosen, ACTIVE_INTERVAL) : chosen;
        const interval = minInterval > wanted ? stretched(state, elapsed, minInterval, random) : wanted;
        return state.last?.kind === 'transient'
            ? Math.max(interval, backoff(state.faults, random), state.last.retryAfter ?? 0)
            : interval;
    };
}
function automatic(state, elapsed, random) {
    // This says nothing about the job: renewed credentials are tried soon.
    if (state.last?.kind === 'rejected')
        return MIN_INTERVAL;
    if (state.last?.kind === 'idle')
        return IDLE_FOR;
    if (state.instance !== undefined)
        return isActive(state) ? ACTIVE_INTERVAL : INSTANCE_INTERVAL;
    // A random second interval keeps the jobs of a matrix from polling in step.
    if (total(state.tally) === 1)
        return MIN_INTERVAL * (1 + random());
    const expected = estimate(state, elapsed);
    const progress = state.history.at(-1)?.progress;
    if (expected === undefined) {
        const isEarly = progress !== undefined && progress < HALFWAY;
        return clamp(isEarly ? elapsed : blind(elapsed));
    }
    const { earliest, latest } = expected;
    if (elapsed < earliest)
        return clamp(earliest - elapsed);
    // Where completion is equally likely at any moment, this interval balances requests and delay.
    if (elapsed <= latest)
        return clamp(Math.sqrt(2 * DELAY_PER_REQUEST * (latest - elapsed)));
    // The estimate was wrong: with time it is worth as little as no progress at all.
    return clamp(Math.min((elapsed - latest) / 3, blind(elapsed)));
}
function isActive({ instance }) {
    return instance?.status.meaning === 'active';
}
/** Half of the time so far, up to the interval of a job without progress. */
function blind(elapsed) {
    return Math.min(elapsed / 2, BLIND_INTERVAL * Math.max(1, Math.sqrt(elapsed / LONG_RUNNING)));
}
/** Where requests are scarce, the next one waits for the estimated completion if that is not far. */
function stretched(state, elapsed, minInterval, random) {
    const interval = minInterval * (0.9 + random() / 5);
    const left = (estimate(state, elapsed)?.latest ?? 0) - elapsed;
    return Math.max(interval, Math.min(left, 2 * interval));
}
/** Doubles with each fault in a row; jitter keeps concurrent waits out of step. */
function backoff(faults, random) {
    return Math.min(MIN_BACKOFF * 2 ** (faults - 1), MAX_BACKOFF) * (1 - random() / 2);
}
function clamp(interval) {
    return Math.min(Math.max(interval, MIN_INTERVAL), MAX_INTERVAL);
}

;// CONCATENATED MODULE: ./src/wait/poll-target.ts


function deadlineOf(timeout) {
    // Two seconds are enough for a response; in a short wait, they would take up too much of the time.
    return { timeout, finalPollAt: timeout - Math.min(timeout / 10, 2 * SECOND) };
}
/** When a target's next request is due, its final poll included. */
function nextPollAt({ dueAt, retryAt, sentAt }, { finalPollAt }) {
    return sentAt < finalPollAt ? Math.min(dueAt, Math.max(finalPollAt, retryAt)) : dueAt;
}
/** Something that the wait ends for: its responses are judged until it has an outcome. */
class Judged {
    state;
    outcome;
    options;
    constructor(state, options) {
        this.state = state;
        this.options = options;
    }
    get isOpen() {
        return this.outcome === undefined;
    }
    /** The job list replaces it for the jobs that it covers. */
    nextPoll = (at) => this.options.nextPoll(this.state, at);
    /** Ends the wait; a later response changes nothing. */
    finish(outcome) {
        this.outcome ??= outcome;
    }
    /** Judges a response that ends nothing by itself. */
    update(response, at, sentAt = at) {
        const { state, warning, outcome } = judge(this.state, response, at, sentAt);
        this.state = state;
        if (warning !== undefined)
            this.options.listener.onWarning(warning);
        return outcome;
    }
    /** Judges a response, and reports it; `schedule` then returns when the next request is due. */
    accept(response, at, sentAt, schedule) {
        if (this.outcome !== undefined)
            return;
        this.outcome = this.update(response, at, sentAt);
        this.report(schedule());
        if (this.outcome !== undefined)
            this.options.onFinished(this, this.outcome, at);
    }
    /** Passes the state on; `next` is when it will be polled next. */
    report(next) {
        const { listener, deadline } = this.options;
        const hasNext = this.isOpen && next < deadline.timeout;
        listener.onResponse(this.state, hasNext ? next : undefined, !this.isOpen);
    }
}
/** A job, an instance, or a database, with requests of its own. */
class JudgedTarget extends Judged {
    rank = 1;
    dueAt;
    retryAt = -Infinity;
    sentAt = -Infinity;
    send;
    /** @param send sends one request; it never rejects */
    constructor(state, dueAt, send, options) {
        super(state, options);
        this.dueAt = dueAt;
        this.send = send;
    }
    handle(response, at) {
        this.accept(response, at, this.sentAt, () => {
            this.dueAt = this.nextPoll(at);
            return nextPollAt(this, this.options.deadline);
        });
    }
    updateSubTasks(list, at) {
        this.state = { ...this.state, subTasks: { list, at } };
        this.report(nextPollAt(this, this.options.deadline));
    }
}

;// CONCATENATED MODULE: ./src/wait/time-window.ts

/** How far the clocks of runner and service may differ. */
const MAX_CLOCK_SKEW = HOUR;
/** Requests for a window and its parts: further ones cost more than they save. */
const MAX_REQUESTS = 20;
/**
 * Returns the part of a window that its list did not contain. Undefined when it contained all, after too many requests,
 * or when it is unknown: the list is not sorted by time, or its jobs were created within a second, or without a date.
 */
function restOf(window, { entries, isWhole }) {
    const { since, until, requests = 0 } = window;
    const times = entries.map(({ created }) => created).filter((time) => !Number.isNaN(time));
    const [first = Number.NaN, last = Number.NaN] = [times[0], times.at(-1)];
    const isNewestFirst = last < first;
    const isSorted = times.every((time, index) => {
        const previous = times[index - 1] ?? time;
        return isNewestFirst ? time <= previous : time >= previous;
    });
    if (!isSorted || first === last)
        return undefined;
    // In whichever order the list is sorted, the rest comes after its last entry. Dates are whole seconds.
    const cut = isNewestFirst ? last : last - SECOND;
    const isNarrower = cut >= since && cut < until;
    if (isWhole || !isNarrower || requests + 1 >= MAX_REQUESTS)
        return undefined;
    return { ...window, ...(isNewestFirst ? { until: cut } : { since: cut + SECOND }), requests: requests + 1 };
}

;// CONCATENATED MODULE: ./src/wait/list-search.ts





/** Orders are searched for repeatedly in the last hour, and once in everything that the task center keeps. */
const RECENT_RANGE = HOUR;
const RETENTION = 30 * DAY;
/** The jobs of an order are created within this time. */
const CREATED_WITHIN = MINUTE;
/** Running jobs are searched for in this range if the service refuses a wider one. */
const USUAL_RANGE = DAY;
/** Between two windows of one search. */
const NEXT_WINDOW_DELAY = 2 * SECOND;
const INCOMPLETE = {
    kind: 'unusable',
    detail: { label: 'incomplete list', message: ['the job list is too long to be read completely'] },
};
const NO_JOB = notFoundYet('no job yet', ['the job list contains no job of this order']);
/** Its status may follow soon. */
const UNUSABLE_JOB = notFoundYet('a job without a status', [
    'the job list contains a job of this order without a usable status',
]);
const UNUSABLE_RUNNING_JOB = {
    kind: 'unusable',
    detail: {
        label: 'unusable entry',
        message: ['the job list contains a job of this instance without a usable status'],
    },
};
/**
 * Searches for the jobs of orders, until the list contains jobs of the order.
 *
 * @param wallClock milliseconds since the epoch
 * @param onFound receives the jobs of all orders that a response completed
 */
function orderSearch(wallClock, onFound) {
    const start = wallClock();
    let jobs = new Map();
    return {
        windows: ({ isWideRead, isWideRefused, clockOffset }) => {
            const now = wallClock() + clockOffset;
            const recent = {
                since: Math.min(start, now) - RECENT_RANGE,
                until: Math.max(now, wallClock()) + MAX_CLOCK_SKEW,
            };
            if (isWideRead || isWideRefused)
                return [recent];
            return [recent, { since: start - RETENTION, until: recent.since, isWide: true }];
        },
        refusedBy: ['rejected', 'unusable'],
        read: (order, { entries, unusable, isWhole }, { list, window, hasRest, isLast }) => {
            const key = keyOf(order.state.id);
            const isSought = ({ orderId }) => orderId?.toLowerCase() === key;
            if (unusable.some(isSought))
                return UNUSABLE_JOB;
            // Consecutive responses overlap.
            const found = new Map(entries.filter(isSought).map((entry) => [keyOf(entry.id), entry]));
            if (found.size === 0)
                return NO_JOB;
            // The jobs of an order are created together, so more of them may follow until a response contains none.
            const isInside = list.entries.some(isSought);
            if (!list.isWhole && (isInside || list.entries.length === 0))
                return hasRest ? undefined : INCOMPLETE;
            // They were found in another window, whose end could not be read.
            if (!isInside && !isWhole)
                return INCOMPLETE;
            // The older window may contain the others.
            const isAtEdge = [...found.values()].some(({ created }) => created < window.since + CREATED_WITHIN);
            if (!isLast && window.isWide !== true && isAtEdge)
                return undefined;
            jobs.set(order, [...found.values()].map(({ id }) => id));
            return undefined;
        },
        onRead: (at) => {
            if (jobs.size > 0)
                onFound(jobs, at);
            jobs = new Map();
        },
    };
}
/** Searches for jobs that run on instances: the list has no filter for that. */
function runningSearch(wallClock) {
    return {
        status: 'Running',
        windows: ({ isWideRefused, clockOffset }) => {
            const now = wallClock() + clockOffset;
            const until = Math.max(now, wallClock()) + MAX_CLOCK_SKEW;
            return isWideRefused
                ? [{ since: now - USUAL_RANGE, until }]
                : [{ since: now - RETENTION, until, isWide: true }];
        },
        // What is left out may contain a running job, so a fault that may pass does not count.
        refusedBy: ['rejected'],
        read: (instance, { entries, unusable, isWhole }, { isLast }) => {
            const key = keyOf(instance.state.id);
            const running = entries.find(({ job: { status, instanceId } }) => 
            // Only running jobs were requested, so an unknown status is one of these.
            ['running', 'unknown'].includes(status.meaning) &&
                instanceId !== undefined &&
                keyOf(instanceId) === key);
            if (running !== undefined)
                return { kind: 'busy', id: running.id, job: running.job };
            if (unusable.some(({ instanceId }) => instanceId?.toLowerCase() === key))
                return UNUSABLE_RUNNING_JOB;
            if (!isLast)
                return undefined;
            return isWhole ? { kind: 'idle' } : INCOMPLETE;
        },
    };
}
/**
 * Reads the job list window by window, again and again, for orders or instances that have no requests of their own.
 *
 * @param subjects returns what the search still looks for
 */
function listSearch(search, subjects, listJobs, deadline) {
    /** The windows that are left in the current search, the next one first, and what it contained so far. */
    let windows = search.windows({ isWideRead: false, isWideRefused: false, clockOffset: 0 });
    let found;
    let isWideRead = false;
    let refusals = 0;
    let clockOffset = 0;
    const target = {
        rank: 1,
        dueAt: 0,
        retryAt: -Infinity,
        sentAt: -Infinity,
        get isOpen() {
            return subjects().length > 0;
        },
        send: (signal) => listJobs(windows[0] ?? EMPTY_WINDOW, signal, search.status),
        handle,
    };
    return target;
    function handle(response, at) {
        // The service may limit how far back a list reaches; another window decides what is wrong otherwise.
        const isFinal = response.kind === 'rejected' && !['request', 'permission'].includes(response.reason);
        const isSkipped = windows[0]?.isWide === true && search.refusedBy.includes(response.kind) && !isFinal;
        if (isSkipped)
            refusals += 1;
        if (response.kind === 'list')
            read(response, at);
        else if (!isSkipped)
            judgeAll(() => response, at, true);
        else if (found !== undefined)
            read(UNREAD_LIST, at);
        else {
            start(true);
            target.dueAt = at + NEXT_WINDOW_DELAY;
        }
    }
    function read(list, at) {
        const [window = EMPTY_WINDOW, ...others] = windows;
        const rest = restOf(window, list);
        windows = rest === undefined ? others : [rest, ...others];
        const { entries, unusable, isWhole } = found ?? { ...UNREAD_LIST, isWhole: true };
        const isRead = list.isWhole || rest !== undefined;
        const all = {
            ...list,
            entries: [...entries, ...list.entries],
            unusable: [...unusable, ...list.unusable],
            isWhole: isWhole && isRead,
        };
        found = all;
        if (list !== UNREAD_LIST) {
            clockOffset = list.clockOffset;
            if (window.isWide === true && rest === undefined) {
                isWideRead = true;
                refusals = 0;
            }
        }
        const isLast = windows.length === 0;
        const page = { list, window, hasRest: rest !== undefined, isLast };
        judgeAll((subject) => search.read(subject, all, page), at, isLast);
        if (isLast)
            start(refusals > 1);
    }
    function start(isWideRefused) {
        windows = search.windows({ isWideRead, isWideRefused, clockOffset });
        found = undefined;
    }
    /** The next request is due when the first subject needs it; the same window again is worth the usual interval. */
    function judgeAll(judge, at, isLast) {
        target.dueAt = isLast ? Infinity : at + NEXT_WINDOW_DELAY;
        const judged = subjects().map((subject) => [subject, judge(subject)]);
        // A response that ends the wait for all must also end it for jobs that were just found.
        search.onRead?.(at);
        for (const [subject, response] of judged) {
            if (response === undefined)
                continue;
            subject.accept(response, at, target.sentAt, () => {
                if (subject.isOpen)
                    target.dueAt = Math.min(target.dueAt, subject.nextPoll(at));
                return nextPollAt(target, deadline);
            });
        }
    }
}
/** Stands for a window that was refused: nothing is known about its jobs. */
const UNREAD_LIST = { kind: 'list', entries: [], unusable: [], isWhole: false, clockOffset: 0 };
const EMPTY_WINDOW = { since: 0, until: 0 };

;// CONCATENATED MODULE: ./src/wait/listed-job.ts
/** Consecutive responses of 50 jobs overlap by one. */
const JOBS_PER_PAGE = 49;
/** A job and what the job list reports about it. Times are milliseconds since the wait began. */
class ListedJob {
    job;
    #state = 'searching';
    /** When a list is due to contain it again. */
    dueAt = 0;
    /** Milliseconds since the epoch; NaN when unknown. */
    created = Number.NaN;
    /** When its own response last contained it, and until when its own poll interval lasts. */
    seenAt = 0;
    notBefore = 0;
    constructor(job) {
        this.job = job;
        job.rank = 3;
    }
    get state() {
        return this.#state;
    }
    /** Also decides the rank of the job's own requests, and makes them due if the list no longer covers the job. */
    setState(state, at) {
        if (this.#state === state)
            return;
        this.#state = state;
        this.job.rank = state === 'finished' ? 1 : 3;
        // What was never seen may be too new for the list: its first poll stays due.
        if (this.isTracked || (state === 'missing' && this.job.state.last === undefined))
            return;
        // The list no longer reports that the job is active: its own response has to show its status.
        this.job.dueAt = Math.min(this.job.dueAt, Math.max(at, this.notBefore));
    }
    /** Whether the next list should contain the job. */
    get isTracked() {
        return this.#state === 'searching' || this.#state === 'active';
    }
}
/** Divides jobs whose creation time is known into the pages in which the list contains them, the newest first. */
function pagesOf(jobs) {
    const sorted = jobs
        .filter(({ created }) => !Number.isNaN(created))
        .toSorted((a, b) => b.created - a.created);
    return [...Map.groupBy(sorted, (_, index) => Math.floor(index / JOBS_PER_PAGE)).values()];
}

;// CONCATENATED MODULE: ./src/wait/rate-limit.ts

/** The usual limit for all requests of one user. Source: the gateway's 429 message, `limit:200,time:5 minute`. */
const LIMIT = 200;
const PERIOD = 5 * MINUTE;
/** Spreads the limit evenly over its period. */
const EVEN_INTERVAL = PERIOD / LIMIT;
/** Until the service accepts the credentials, since repeated authentication failures can lock an account. */
const FIRST_INTERVAL = 2 * SECOND;
/** Factor for each accepted request, in case other clients have stopped. A smaller one causes more 429s for many clients. */
const RECOVERY_FACTOR = 0.92;
/** Before a whole period was observed the share is a guess, which each accepted request contradicts. */
const GUESS_RECOVERY_FACTOR = 0.25;
/** First retry after a 429, because the period may end sooner than it seems; it doubles, because a 429 may count, too. */
const rate_limit_MIN_BACKOFF = 30 * SECOND;
const MAX_BACKOFF_PERIODS = 2;
/**
 * How often this process may send requests. It shares the service's limit with clients that it can't see: all it learns
 * is which requests were accepted or throttled (429). Times are milliseconds since the wait began.
 */
class RateLimit {
    #random;
    #finalPollAt;
    /** One job alone can't exhaust the limit, unless its user chose a poll interval of one second. */
    #hasManyJobs;
    #isAccepted = false;
    /** Between two requests; 0 until a request is throttled. */
    #interval = 0;
    #spacedUntil = 0;
    /** Throttled requests in a row, when the next may be sent, and the earliest moment that `Retry-After` allows. */
    #throttles = 0;
    #throttledUntil = 0;
    #retryAt = 0;
    /** The service's period, and when the current one began as far as known: with the first request accepted after a 429. */
    #period = PERIOD;
    #periodStart = -Infinity;
    #observedSince = Infinity;
    #sent = [];
    #accepted = [];
    /** @param random uniform in 0 to 1 */
    constructor(hasManyJobs, { finalPollAt }, random) {
        this.#hasManyJobs = hasManyJobs;
        this.#finalPollAt = finalPollAt;
        this.#random = random;
    }
    /** The earliest moment for a target's next request; `open` counts the targets that still need a final poll. */
    earliest({ rank }, now, open) {
        const lastSent = this.#sent.at(-1) ?? -Infinity;
        const left = this.#finalPollAt - now;
        const isFinal = left <= 0;
        const isSpread = this.#hasManyJobs && rank === 3 && !isFinal;
        const spacing = Math.max(this.#isAccepted ? 0 : FIRST_INTERVAL, isSpread ? this.interval(now) : 0);
        // Of the limit: a final poll for each target, half of it at most.
        const reserved = left > 0 && left < PERIOD ? Math.min(open, LIMIT / 2) : 0;
        const oldest = this.#hasManyJobs ? this.#sent.at(reserved - LIMIT) : undefined;
        const exhaustedUntil = (oldest ?? -Infinity) + PERIOD;
        const spacedUntil = isFinal ? -Infinity : this.#spacedUntil;
        return Math.max(this.#retryAt, spacedUntil, lastSent + spacing, exhaustedUntil);
    }
    /** Milliseconds between two requests. A process with many jobs spreads what is left once half of the limit is used. */
    interval(now) {
        const isSpread = this.#hasManyJobs && within(this.#sent, PERIOD, now).length >= LIMIT / 2;
        return Math.max(this.#interval, isSpread ? EVEN_INTERVAL : 0);
    }
    /** No request before, except for the final poll. */
    get notBefore() {
        return Math.max(this.#spacedUntil, this.#retryAt);
    }
    onRequest(now) {
        this.#observedSince = Math.min(this.#observedSince, now);
        this.#sent = [...within(this.#sent, PERIOD, now), now];
        this.#spacedUntil = Math.max(this.#spacedUntil, now + this.#interval);
    }
    onResponse(response, at) {
        const isFault = ['transient', 'unusable', 'rejected'].includes(response.kind);
        // A rejection of one job only proves that the service accepts the credentials.
        this.#isAccepted ||= !isFault || (response.kind === 'rejected' && response.scope === 'job');
        if (response.kind === 'transient' && response.throttled !== undefined) {
            this.#period = response.throttled.period ?? this.#period;
            this.#onThrottled(response.retryAfter, at);
        }
        else if (!isFault)
            this.#onAccepted(at);
    }
    /**
     * What was accepted in the last period is this process's share. Spread evenly, it leaves other clients theirs. With a
     * `Retry-After`, the service accepts requests that far apart.
     */
    #onThrottled(retryAfter, at) {
        if (retryAfter !== undefined)
            this.#retryAt = Math.max(this.#retryAt, at + retryAfter);
        // This request was in flight when another one was throttled.
        if (at < this.#throttledUntil)
            return;
        const share = Math.max(within(this.#accepted, this.#period, at).length, 1);
        const interval = Math.min(this.#period / share, retryAfter ?? Infinity);
        // Further ones in a row say nothing new about the share.
        if (this.#throttles === 0)
            this.#interval = Math.max(this.#interval, interval);
        const factor = 2 ** this.#throttles;
        const backoff = Math.min(rate_limit_MIN_BACKOFF * factor, MAX_BACKOFF_PERIODS * this.#period);
        const jittered = backoff * (1 - this.#random() / 2);
        const rest = Math.max(this.#periodStart + this.#period - at, 0) || this.#period;
        // Not all clients retry at the moment when the period ends.
        const untilPeriodEnds = backoff > this.#period ? Infinity : rest + this.#interval * this.#random();
        // A `Retry-After` that was too short is not enough the next time.
        const multiplied = Math.min((retryAfter ?? 0) * factor, PERIOD);
        this.#throttledUntil = at + (multiplied > 0 ? multiplied : Math.min(untilPeriodEnds, jittered));
        this.#spacedUntil = this.#throttledUntil;
        this.#throttles += 1;
    }
    #onAccepted(at) {
        if (at >= this.#periodStart + this.#period || this.#throttles > 0)
            this.#periodStart = at;
        const isGuess = at - this.#observedSince < this.#period;
        const shortened = this.#interval * (isGuess ? GUESS_RECOVERY_FACTOR : RECOVERY_FACTOR);
        if (this.#interval > 0)
            this.#interval = Math.max(shortened, EVEN_INTERVAL);
        this.#spacedUntil = Math.min(this.#spacedUntil, at + this.#interval);
        this.#accepted = [...within(this.#accepted, this.#period, at), at];
        this.#throttles = 0;
    }
}
function within(moments, period, now) {
    return moments.filter((moment) => moment > now - period);
}

;// CONCATENATED MODULE: ./src/wait/list-target.ts







/** Nearly all waits begin, or are resumed, within a day after their jobs were created. */
const SEARCH_RANGE = DAY;
/** Multiple of EVEN_INTERVAL: almost half of the requests confirm finished jobs. Measured with `npm run bench:matrix`. */
const INTERVALS_PER_PAGE = 1.82;
const list_target_MAX_BACKOFF = 5 * MINUTE;
/** Jobs are polled individually if the first response is this late, or a later one, or shows no progress for so long. */
const FIRST_LATE_AFTER = 10 * SECOND;
const list_target_LATE_AFTER = 30 * SECOND;
const STALE_AFTER = 10 * MINUTE;
/** With many pages, the list is late only after two requests for a page failed. */
const LATE_AFTER_CYCLES = 3.5;
/** The task center's list, which reports on up to 50 jobs at once. A scan reads on until it finds the job that is due. */
class ListTarget {
    rank = 2;
    dueAt;
    retryAt = -Infinity;
    sentAt = -Infinity;
    #options;
    #jobs;
    #range;
    /** What the current scan looks for, what it found, and what it reads next; undefined between scans. */
    #sought;
    #found = new Set();
    #window;
    /** Whether a scan ended since the last fault; after a fault, missing jobs are searched for again. */
    #hasFinishedScan = false;
    /** Consecutive faults, and scans that found none of the jobs. */
    #failures = 0;
    /** How long it takes to read all pages once within the list's part of the rate limit. */
    #cycle = 0;
    /** @param wallClock milliseconds since the epoch */
    constructor(jobs, at, wallClock, options) {
        this.#options = options;
        this.dueAt = at;
        this.#range = { since: wallClock - SEARCH_RANGE, until: wallClock + MAX_CLOCK_SKEW };
        this.#jobs = jobs.map((job) => {
            const listed = new ListedJob(job);
            job.dueAt = at + FIRST_LATE_AFTER;
            job.nextPoll = (moment) => this.#nextJobPoll(listed, moment);
            return listed;
        });
    }
    get isOpen() {
        return this.#open().length > 0;
    }
    send(signal, at) {
        if (this.#window === undefined || this.#needsFinalPoll(this, at))
            this.#window = this.#startScan(at);
        return this.#options.listJobs(this.#window, signal);
    }
    handle(response, at) {
        const active = response.kind === 'list' ? this.#read(response, at) : this.#onFault(response, at);
        const pages = pagesOf(this.#jobs).filter((page) => page.some(({ job }) => job.isOpen));
        const interval = Math.max(this.#options.rateLimit.interval(at), EVEN_INTERVAL);
        this.#cycle = INTERVALS_PER_PAGE * Math.max(pages.length, 1) * interval;
        for (const listed of active)
            this.#schedule(listed, at);
        this.dueAt = this.#nextRequestAt(at);
        for (const { job } of active)
            job.report(this.dueAt);
    }
    /** When a job is polled individually after its own response, which may prove the list wrong. */
    #nextJobPoll(listed, at) {
        const { state } = listed.job;
        const { last } = state;
        if (last?.kind === 'job')
            listed.seenAt = at;
        listed.notBefore = at + this.#options.interval(state, at);
        const isWrong = (last?.kind === 'job' && listed.state === 'finished' && !isTerminal(last.job.status)) ||
            (last?.kind === 'not-found-yet' && ['active', 'finished'].includes(listed.state));
        if (isWrong)
            listed.setState('untrusted', at);
        const isReported = (one) => one.state === 'active' && this.#failures === 0;
        if (isReported(listed))
            return Math.max(listed.notBefore, this.#lateAt(this.dueAt));
        return this.#options.nextPoll(state, at, this.#open().filter((one) => !isReported(one)).length);
    }
    /** Reads a page; returns the jobs that it reports as active. */
    #read(list, at) {
        const open = this.#open();
        const entries = new Map(list.entries.map((entry) => [keyOf(entry.id), entry]));
        // The list may have been read before the jobs appeared: if one missing job is there now, others may be, too.
        const missing = open.filter(({ state }) => state === 'missing');
        const isFound = missing.some(({ job }) => entries.has(keyOf(job.state.id)));
        if (isFound || !this.#hasFinishedScan)
            for (const listed of missing)
                listed.setState('searching', at);
        const active = [];
        for (const listed of open) {
            const entry = entries.get(keyOf(listed.job.state.id));
            if (entry === undefined || listed.state === 'untrusted')
                continue;
            this.#found.add(listed);
            listed.created = entry.created;
            if (isTerminal(entry.job.status))
                listed.setState('finished', at);
            // What was finished can't become active again.
            else
                listed.setState(listed.state === 'finished' ? 'untrusted' : 'active', at);
            if (listed.state !== 'active')
                continue;
            listed.job.update({ kind: 'job', job: entry.job, isFromList: true }, at);
            active.push(listed);
        }
        this.#continueScan(list, at);
        return active;
    }
    /** Reads on as long as a job is due that no page contained; the rest of them is missing. */
    #continueScan(list, at) {
        const isSought = (one) => one === this.#sought || one.state === 'searching';
        const unseen = this.#due(at).filter((one) => isSought(one) && !this.#found.has(one));
        this.#window = this.#window && unseen.length > 0 ? restOf(this.#window, list) : undefined;
        if (this.#window !== undefined)
            return;
        for (const listed of unseen)
            listed.setState('missing', at);
        const isUseful = this.#open().some((one) => this.#found.has(one) && one.state !== 'untrusted');
        this.#failures = isUseful ? 0 : this.#failures + 1;
        this.#hasFinishedScan = true;
    }
    #onFault(fault, at) {
        const isRejected = fault.kind === 'rejected' && fault.isRenewable !== true;
        // Rejected credentials would be rejected for each job, too.
        if (isRejected && fault.scope === 'all')
            this.#open()[0]?.job.handle(fault, at);
        this.#failures += 1;
        this.#window = undefined;
        const isGivenUp = isRejected || (fault.kind === 'rejected' && this.#failures > 1);
        if (isGivenUp)
            for (const listed of this.#open())
                listed.setState('untrusted', at);
        // A throttled request says nothing about the list.
        if (fault.kind === 'transient' && fault.throttled !== undefined)
            return [];
        this.#hasFinishedScan = false;
        for (const listed of this.#open())
            if (listed.state === 'searching')
                listed.setState('missing', at);
        return [];
    }
    /** Looks for the job that has been due for longest, beginning with its page, or for all whose place is unknown. */
    #startScan(at) {
        const due = this.#due(at);
        const pages = pagesOf(this.#jobs);
        const [sought] = due.toSorted((a, b) => a.dueAt - b.dueAt);
        this.#sought = sought;
        this.#found.clear();
        const page = pages.find((jobs) => sought !== undefined && jobs.includes(sought));
        const [newest, oldest] = [page?.[0], pages.at(-1)?.at(-1)];
        const isKnown = due.every(({ created }) => !Number.isNaN(created));
        if (!isKnown || newest === undefined || oldest === undefined)
            return this.#range;
        return { since: oldest.created - SECOND, until: newest.created + SECOND };
    }
    #due(at) {
        const isDue = ({ job, dueAt }) => dueAt <= at || this.#needsFinalPoll(job, at);
        return this.#open().filter((one) => one.isTracked && isDue(one));
    }
    /** The list reports on the job: its own request waits until the list is late or has nothing new. */
    #schedule(listed, at) {
        const { job, seenAt, notBefore } = listed;
        listed.dueAt = at + Math.max(this.#options.interval(job.state, at), this.#cycle);
        job.sentAt = Math.max(job.sentAt, this.sentAt);
        const staleAt = Math.max(seenAt, furthestAt(job.state.history)) + STALE_AFTER;
        const ownAt = Math.max(notBefore, Math.min(this.#lateAt(listed.dueAt), staleAt));
        job.dueAt = this.sentAt >= this.#options.deadline.finalPollAt ? Infinity : ownAt;
    }
    #nextRequestAt(at) {
        if (this.#window !== undefined || (this.#failures === 0 && this.#due(at).length > 0))
            return at;
        const open = this.#open();
        const backoff = this.#failures === 0 ? 0 : Math.min(this.#cycle * 2 ** (this.#failures - 1), list_target_MAX_BACKOFF);
        const expected = open.filter(({ isTracked }) => isTracked).map(({ dueAt }) => dueAt - at);
        const missing = open.filter(({ state }) => state === 'missing');
        const intervals = missing.map(({ job }) => this.#options.interval(job.state, at));
        const next = Math.min(...(expected.length > 0 ? expected : intervals));
        return Math.max(at + Math.max(backoff, next), this.retryAt, this.#options.rateLimit.notBefore);
    }
    #lateAt(dueAt) {
        return dueAt + Math.max(list_target_LATE_AFTER, LATE_AFTER_CYCLES * this.#cycle);
    }
    #needsFinalPoll({ sentAt }, at) {
        const { finalPollAt } = this.#options.deadline;
        return at >= finalPollAt && sentAt < finalPollAt;
    }
    #open() {
        return this.#jobs.filter(({ job }) => job.isOpen);
    }
}

;// CONCATENATED MODULE: ./src/wait/poll-loop.ts

/**
 * No request of a rank is sent while this many requests are in flight, so that many jobs do not open as many connections.
 * Requests that can wait leave room for the others, even if all of them are slow.
 */
const MAX_IN_FLIGHT = { 1: 8, 2: 8, 3: 4, 4: Infinity };
/** Its cause was thrown where nothing should be thrown. */
class InternalError extends Error {
}
/**
 * Polls all targets until none is left, the timeout, or an abort. Always resolves.
 *
 * @param targets returns the targets that are not finished yet
 */
async function poll(targets, deadline, rateLimit, { clock, signal }) {
    const start = clock.now();
    const elapsed = () => clock.now() - start;
    const inFlight = new Set();
    const countRequests = () => [...inFlight].filter(usesService).length;
    let error;
    let wake = new AbortController();
    const wakeUp = () => {
        // Without a reason, this would create an error with a stack trace after each response.
        wake.abort('awake');
    };
    /** A request that stalls must not keep its target from the final poll. */
    const untilFinalPoll = new AbortController();
    const untilTimeout = new AbortController();
    signal.addEventListener('abort', wakeUp, { signal: untilTimeout.signal });
    async function send(target, sentAt) {
        inFlight.add(target);
        if (usesService(target))
            rateLimit.onRequest(sentAt);
        try {
            const limit = sentAt < deadline.finalPollAt ? untilFinalPoll : untilTimeout;
            const request = target.send(limit.signal, sentAt);
            target.sentAt = Math.max(target.sentAt, sentAt);
            const response = await request;
            const at = elapsed();
            if (usesService(target))
                rateLimit.onResponse(response, at);
            target.retryAt = response.kind === 'transient' ? at + (response.retryAfter ?? 0) : at;
            target.handle(response, at);
        }
        catch (cause) {
            error ??= new InternalError('internal error', { cause });
        }
        inFlight.delete(target);
        wakeUp();
    }
    try {
        for (;;) {
            // One time for the whole round: a request that became due in between would be neither sent nor slept for.
            const now = elapsed();
            if (signal.aborted)
                return signal.reason instanceof InternalError ? signal.reason : 'aborted';
            if (error !== undefined)
                return error;
            const open = targets();
            if (open.length === 0)
                return 'finished';
            if (now >= deadline.timeout)
                return 'timed-out';
            if (now >= deadline.finalPollAt)
                untilFinalPoll.abort();
            wake = new AbortController();
            const idle = open
                .filter((target) => !inFlight.has(target))
                .map((target) => ({ target, next: nextPollAt(target, deadline) }))
                .sort((a, b) => a.target.rank - b.target.rank || a.next - b.next);
            const moments = [deadline.finalPollAt, deadline.timeout];
            for (const { target, next } of idle) {
                const isLimited = next <= now && usesService(target);
                const earliest = isLimited ? rateLimit.earliest(target, now, open.length) : next;
                if (earliest > now)
                    moments.push(earliest);
                else if (countRequests() < MAX_IN_FLIGHT[target.rank])
                    void send(target, now);
            }
            const wakeAt = Math.min(...moments.filter((moment) => moment > now));
            await clock.sleep(Math.ceil(wakeAt - now), wake.signal);
        }
    }
    finally {
        untilFinalPoll.abort();
        untilTimeout.abort();
    }
}
function usesService({ rank }) {
    return rank !== 4;
}

;// CONCATENATED MODULE: ./src/wait/sub-task-target.ts

/** Between two requests. */
const INTERVAL = 1 * MINUTE;
/** The sub-tasks of a job, if it has any. Whatever their requests return, the wait for the job continues. */
function subTaskTarget(target, getSubTasks) {
    /** `Infinity` after a request was refused. */
    let nextAt = -Infinity;
    return {
        rank: 3,
        retryAt: -Infinity,
        sentAt: Infinity,
        get dueAt() {
            const { job } = target.state;
            const hasSubTasks = job?.status.meaning === 'running' && job.nameWithSubTasks !== undefined;
            return hasSubTasks && job.instanceId !== undefined ? nextAt : Infinity;
        },
        get isOpen() {
            return target.isOpen && this.dueAt < Infinity;
        },
        send(signal, at) {
            nextAt = at + INTERVAL;
            const { id, job } = target.state;
            const { nameWithSubTasks: name = '', instanceId = id } = job ?? {};
            return getSubTasks({ id, name, instanceId }, signal);
        },
        handle(response, at) {
            if (!target.isOpen)
                return;
            if (response.kind === 'sub-tasks')
                target.updateSubTasks(response.subTasks, at);
            else if (response.kind !== 'transient')
                nextAt = Infinity;
        },
    };
}

;// CONCATENATED MODULE: ./src/wait/wait.ts










/** With fewer jobs, the list saves no request. */
const MIN_LISTED_JOBS = 4;
/** Jobs that share an instance complete together within this time. */
const COMPLETED_WITHIN = 10 * SECOND;
/** With more jobs, requests for sub-tasks would delay those for jobs, and the log does not show them. */
const MAX_JOBS_WITH_SUB_TASKS = 10;
/** Waits until everything has an outcome. Always resolves. */
async function wait(plan, deps) {
    const { kind, ids, until, interval } = plan;
    const { wallClock, listJobs, listener } = deps;
    const deadline = deadlineOf(plan.timeout);
    const rateLimit = new RateLimit(kind !== 'job' || ids.length > 1, deadline, deps.random);
    const options = { deadline, listener, nextPoll, onFinished };
    const lists = [];
    const subTasks = [];
    /** Jobs that no list covers yet. */
    let unlisted = [];
    /** By the keys of their IDs: instances, and their databases, which replace them. Several jobs can share one. */
    const instances = new Map();
    /** What gets a result. Jobs replace their order when they are found. */
    let subjects = ids.map((id) => new Judged(initialState(id, kind), options));
    if (kind === 'job')
        subjects = follow(ids, 0);
    else {
        const search = kind === 'order' ? orderSearch(wallClock, onJobsFound) : runningSearch(wallClock);
        const sought = () => subjects.filter(({ isOpen, state }) => isOpen && state.kind === kind);
        lists.push(listSearch(search, sought, listJobs, deadline));
    }
    function openTargets() {
        const jobs = subjects.filter((subject) => subject instanceof JudgedTarget);
        return [...jobs, ...instances.values(), ...lists, ...subTasks].filter(({ isOpen }) => isOpen);
    }
    function finishAll(outcome) {
        for (const judged of [...subjects, ...instances.values()])
            judged.finish(outcome);
    }
    function onFinished({ state }, outcome, at) {
        const { last } = state;
        if (last?.kind === 'rejected' && last.scope === 'all')
            finishAll(outcome);
        const needsInstance = outcome.result === 'completed' && until !== 'completed';
        const isSuccess = needsInstance ? followInstance(state, at) : plan.successResults.includes(outcome.result);
        if (plan.failFast && !isSuccess)
            finishAll({ result: 'interrupted', by: 'fail-fast' });
    }
    /** Polls the instance of something that completed until it is available, and its database after that. */
    function followInstance(before, at) {
        const id = instanceOf(before);
        if (id === undefined)
            return false;
        if (before.instance !== undefined) {
            if (until === 'connectable' && before.connection === undefined)
                connect(before, at);
            return true;
        }
        const shared = instances.get(keyOf(id));
        // It stays not ready.
        if (shared?.outcome !== undefined && shared.outcome.result !== 'completed')
            return true;
        // Jobs that complete together need no request each.
        const isNew = shared !== undefined && total(shared.state.tally) <= 1 && at - shared.sentAt < COMPLETED_WITHIN;
        if (isNew && shared.isOpen)
            return true;
        // Neither what was seen before this job completed nor a response to an earlier request counts.
        shared?.finish({ result: 'completed' });
        const known = shared?.state ?? (before.kind === 'instance' ? before : initialState(id, 'instance'));
        const state = { ...known, activeSince: undefined, connection: undefined };
        instances.set(keyOf(id), new JudgedTarget(state, at, (signal) => deps.getInstance(id, signal), options));
        return true;
    }
    /** Connects to the database of an available instance until it accepts a connection. */
    function connect(state, at) {
        const address = plan.connectTo ?? state.instance?.address;
        const database = new JudgedTarget(state, at, deps.connect(address ?? { host: '', port: 0 }), options);
        database.rank = 4;
        instances.set(keyOf(state.id), database);
        if (address !== undefined)
            return;
        const outcome = { result: 'not-ready', cause: 'no-address' };
        database.finish(outcome);
        onFinished(database, outcome, at);
    }
    /** After a response: its poll interval, or longer if the rate limit is divided among `count` targets. */
    function nextPoll(state, at, count = openTargets().length) {
        // The rate limit alone decides when to try again after a throttled request.
        const isThrottled = state.last?.kind === 'transient' && state.last.throttled !== undefined;
        const minInterval = isThrottled ? 0 : rateLimit.interval(at) * count;
        // A connection is not a request to the service.
        const notBefore = state.connection === undefined ? rateLimit.notBefore : at;
        return Math.max(at + interval(state, at, minInterval), notBefore);
    }
    /** Replaces orders by their jobs. */
    function onJobsFound(found, at) {
        for (const [order, ids] of found)
            listener.onJobsFound(order.state.id, ids);
        const jobs = [...follow([...found.values()].flat(), at)];
        subjects = subjects.flatMap((subject) => {
            const ids = found.get(subject);
            return ids === undefined ? [subject] : jobs.splice(0, ids.length);
        });
    }
    function follow(found, at) {
        const jobs = found.map((id) => new JudgedTarget(initialState(id), at, (signal) => deps.getJob(id, signal), options));
        if (subTasks.length + jobs.length <= MAX_JOBS_WITH_SUB_TASKS) {
            subTasks.push(...jobs.map((job) => subTaskTarget(job, deps.getSubTasks)));
        }
        unlisted = [...unlisted, ...jobs].filter(({ isOpen }) => isOpen);
        if (plan.hasList && unlisted.length >= MIN_LISTED_JOBS) {
            const listOptions = { listJobs, deadline, rateLimit, interval, nextPoll };
            lists.push(new ListTarget(unlisted, at, wallClock(), listOptions));
            unlisted = [];
        }
        return jobs;
    }
    const stop = await poll(openTargets, deadline, rateLimit, deps);
    if (stop === 'timed-out') {
        for (const instance of instances.values())
            instance.finish({ result: 'not-ready', cause: 'timeout' });
    }
    const unfinished = outcomeOf(stop, deps);
    finishAll(unfinished);
    return subjects.map(({ state, outcome = unfinished }) => {
        if (outcome.result !== 'completed' || until === 'completed')
            return { state, outcome };
        const id = instanceOf(state);
        const instance = id && instances.get(keyOf(id));
        if (instance?.outcome === undefined)
            return { state, outcome: { result: 'not-ready', cause: 'no-instance' } };
        // The state of an instance continues in its own target.
        if (kind === 'instance')
            return { state: instance.state, outcome: instance.outcome };
        return { state, instance: instance.state, outcome: instance.outcome };
    });
}
function instanceOf({ kind, id, job }) {
    return kind === 'instance' ? id : job?.instanceId;
}
/** The outcome of targets that are unfinished when polling stops. */
function outcomeOf(stop, { describe }) {
    if (stop === 'timed-out')
        return { result: 'timed-out' };
    if (!(stop instanceof InternalError))
        return { result: 'interrupted', by: 'signal' };
    const detail = { label: 'internal error', message: [describe(stop.cause)] };
    return { result: 'error', reason: 'internal', detail };
}

;// CONCATENATED MODULE: ./src/main.ts























/** Runs the action; true if the step succeeds: every result is a success, and the outputs are written. */
async function main(deps) {
    const { toolkit, env, secrets, clock, onReport } = deps;
    const fail = (annotation) => {
        onReport();
        return publishError(annotation, deps);
    };
    const settings = readInputs((name) => toolkit.getInput(name), env, secrets);
    if ('problems' in settings)
        return fail(inputsAnnotation(settings.problems));
    Object.assign(env, settings.environment);
    const outputsError = await checkOutputs(deps);
    if (outputsError !== undefined)
        return fail(outputsError);
    const requests = logRequests(exchange_exchange, toolkit, secrets, clock);
    const exchange = detectWrongEndpoints(requests.exchange, () => clock.now());
    const ended = await waitForJobs(settings, deps, exchange);
    onReport();
    const results = explainResults(ended, settings.timeout, settings.successResults);
    const outputs = outputsOf(results);
    printDetails(results, outputs, requests.count(), toolkit, secrets);
    const isSuccess = results.every((result) => result.isSuccess);
    const report = { outputs, isSuccess, annotation: annotationOf(results), summary: summaryOf(results) };
    return publish(report, deps);
}
async function waitForJobs(settings, deps, exchange) {
    const { toolkit, env, secrets, clock, wallClock, random } = deps;
    const { waitFor, timeout } = settings;
    const log = createLog(waitFor, toolkit, clock, usesColor(env));
    log.onStart(secrets.text(settings.endpoint), timeout, settings.credentials.source);
    const credentials = credentialsFor(settings, deps, exchange, log);
    const sender = { credentials, exchange, secrets, wallClock };
    const getProject = projectApi(settings.project, { ...sender, onProject: log.onProject });
    const api = { ...settings, ...sender, getProject };
    const finished = new AbortController();
    void log.startHeartbeat(finished.signal);
    const interval = pollInterval(settings.pollInterval, random);
    const plan = { ...settings, ...waitFor, interval, hasList: settings.service.hasList };
    const results = await wait(plan, {
        ...deps,
        getJob: jobsApi(api),
        listJobs: jobListApi(api),
        getInstance: instanceApi(api),
        getSubTasks: subTasksApi(api),
        connect: databaseConnector(secrets),
        listener: log,
        describe: (error) => secrets.error(error),
    });
    finished.abort();
    const warning = warningOf(results);
    if (warning !== undefined)
        log.onWarning(warning);
    return results;
}
function credentialsFor({ credentials, timeout }, deps, exchange, { onRenewed, onNotRenewed }) {
    const renewal = { ...deps, exchange, timeout, onRenewed, onNotRenewed };
    switch (credentials.kind) {
        case 'token':
            return tokenCredentials(credentials.token);
        case 'access-key':
            return accessKeyCredentials(credentials.key, deps.wallClock);
        case 'agency':
            return renewableCredentials(assumeAgency(credentials.agency, renewal), renewal);
        case 'ecs-agency':
            return renewableCredentials(readEcsAgency(renewal), renewal);
    }
}

;// CONCATENATED MODULE: ./src/shutdown.ts



/** Time to write the report: the runner's files may be slow. After a signal, the process must end within two seconds. */
const MAX_REPORT_MS = 10_000;
const MAX_SHUTDOWN_MS = 1_500;
/** Writing ends this long before, so that the process can still report that. */
const MARGIN_MS = 300;
/** Work in threads that delays `process.exit`. FSReqPromise can be the summary, so it counts only after the time limit. */
const BLOCKING = /^(GetAddrInfo|GetNameInfo|FSReqCallback)/;
const BLOCKING_AFTER_LIMIT = /^(GetAddrInfo|GetNameInfo|FSReq)/;
/** Ends the process in limited time: with the result of the run, after a signal, or after an internal error. */
function createShutdown(deps) {
    /** Aborts when the wait must end; after an internal error, the reason is an {@link InternalError}. */
    const waiting = new AbortController();
    /** Aborts when no time is left to write the report. */
    const writing = new AbortController();
    let isReporting = false;
    /** Who reports an internal error: the run, together with its results, or this function if the run cannot. */
    let errorReporter;
    // To cancel, the runner sends SIGINT, 7.5 s later SIGTERM, and kills the process 2.5 s after that. The others come
    // when a terminal or a service manager ends: SIGBREAK only on Windows.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK']) {
        process.on(signal, () => {
            waiting.abort();
            limitTime(MAX_SHUTDOWN_MS);
        });
    }
    process.on('uncaughtException', (error) => void fail(error));
    process.on('unhandledRejection', (error) => void fail(error));
    process.once('beforeExit', () => void fail('Node.js had nothing left to do before the wait ended'));
    return { signal: waiting.signal, reportSignal: writing.signal, onReport, exitWith };
    /** Call this when only the report is left to write. */
    function onReport() {
        isReporting = true;
        limitTime(MAX_REPORT_MS);
    }
    /** Exits at the end of the run, whose result is whether the step succeeds. */
    async function exitWith(run) {
        try {
            const succeeded = await flushed(run);
            if (errorReporter !== 'shutdown')
                exit(succeeded && !waiting.signal.aborted ? 0 : 1);
        }
        catch (error) {
            await fail(error);
        }
    }
    async function fail(error) {
        if (errorReporter !== undefined)
            return;
        errorReporter = isReporting ? 'shutdown' : 'run';
        limitTime(MAX_REPORT_MS);
        if (errorReporter === 'run') {
            waiting.abort(new InternalError('internal error', { cause: error }));
            await (0,promises_namespaceObject.setTimeout)(MAX_SHUTDOWN_MS / 2);
            // If the run has not even begun to report the error, it cannot.
            if (isReporting)
                return;
            errorReporter = 'shutdown';
        }
        try {
            await flushed(publishInternalError(error, { ...deps, reportSignal: writing.signal }));
        }
        finally {
            exit(1);
        }
    }
    function limitTime(ms) {
        setTimeout(() => {
            writing.abort();
        }, ms - MARGIN_MS);
        setTimeout(exit, ms, 1, BLOCKING_AFTER_LIMIT);
    }
}
/** Also waits for stdout, which is asynchronous on some systems. Source: Node.js, "A note on process I/O". */
async function flushed(work) {
    const result = await work;
    await new Promise((resolve) => process.stdout.write('', resolve));
    return result;
}
/** Exits now. If a blocked thread would delay `process.exit`, a failed step ends by SIGKILL instead. */
function exit(code, blocking = BLOCKING) {
    const isBlocked = process.getActiveResourcesInfo().some((name) => blocking.test(name));
    if (isBlocked && code !== 0)
        process.kill(process.pid, 'SIGKILL');
    process.exit(code);
}

;// CONCATENATED MODULE: ./src/index.ts





// Failed until proven successful: whatever ends this process early leaves the step failed.
process.exitCode = 1;
const reporting = { toolkit: core_namespaceObject, env: process.env, secrets: new Secrets(setSecret) };
const { exitWith, ...shutdown } = createShutdown(reporting);
const run = main({
    ...reporting,
    ...shutdown,
    clock: {
        now: () => performance.now(),
        sleep: (ms, signal) => (0,promises_namespaceObject.setTimeout)(ms, undefined, { signal }).catch(() => undefined),
    },
    wallClock: Date.now,
    random: Math.random,
});
void exitWith(run);

