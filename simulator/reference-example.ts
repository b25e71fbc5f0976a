/** The example response of the API reference, byte for byte. This job always exists. */
export const referenceExample = {
  jobId: '31b8ae23-c687-4d80-b7b4-42a66c9bb886',
  body: `{
  "job" : {
    "id" : "31b8ae23-c687-4d80-b7b4-42a66c9bb886",
    "name" : "CreateGaussDBforMySQLInstance",
    "status" : "Completed",
    "created" : "2018-08-06T10:41:14+0800",
    "ended" : "2018-08-06T16:41:14+0000",
    "process" : "",
    "instance" : {
      "id" : "a48e43ff268f4c0e879652d65e63d0fbin07",
      "name" : "DO-NOT-TOUCH-mgr2-mysql-single"
    },
    "entities" : {
      "instance" : {
        "endpoint" : "192.168.1.203:3306",
        "type" : "Cluster",
        "datastore" : {
          "type" : "gaussdb-mysql",
          "version" : "8.0"
        }
      },
      "resource_ids" : [ "a48e43ff268f4c0e879652d65e63d0fbin07.vm", "a48e43ff268f4c0e879652d65e63d0fbin07.volume" ]
    }
  }
}`,
}
