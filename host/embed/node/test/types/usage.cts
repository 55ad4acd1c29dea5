import pg = require('pg');
import scimlet = require('scimlet');

export const tenant = new scimlet.Scimlet({ database: new pg.Pool() }).tenant('acme');
